import { expect, it, vi } from "vitest";
import { throttle } from "../../src/lib/throttle.ts";

it("writes the first and the newest value, one at a time", async () => {
  const written: number[] = [];
  let busy = 0;
  const set = throttle(1, async (value: number) => {
    busy += 1;
    expect(busy).toBe(1);
    await Promise.resolve();
    written.push(value);
    busy -= 1;
  });
  for (let i = 1; i <= 100; i += 1) set(i);
  await vi.waitUntil(() => written.includes(100));
  expect(written).toEqual([1, 100]);
});

it("goes on after a write that failed", async () => {
  const written: number[] = [];
  const set = throttle(1, async (value: number) => {
    if (value === 1) throw new Error("no");
    written.push(value);
  });
  set(1);
  set(2);
  await vi.waitUntil(() => written.length > 0);
  expect(written).toEqual([2]);
});
