import { describe, expect, it } from "vitest";
import { createRefusals } from "../../src/usecases/refusals.ts";

describe("refusals", () => {
  it("stores sums, not single requests", async () => {
    const stored: unknown[] = [];
    const refusals = createRefusals({ count: async (entry) => void stored.push(entry) });
    for (let i = 0; i < 1_000; i += 1) refusals.count({ name: "signature:invalid", source: "app" });
    refusals.count({ name: "signature:missing", source: "app" });
    await refusals.flush();
    await refusals.flush();
    expect(stored).toEqual([
      { name: "signature:invalid", source: "app", by: 1_000 },
      { name: "signature:missing", source: "app", by: 1 },
    ]);
  });

  it("keeps what could not be stored for the next time", async () => {
    const stored: number[] = [];
    let broken = true;
    const refusals = createRefusals({
      count: async ({ by }) => {
        if (broken) throw new Error("no store");
        stored.push(by);
      },
    });
    refusals.count({ name: "a", source: "s" });
    await expect(refusals.flush()).rejects.toThrow("no store");
    refusals.count({ name: "a", source: "s" });
    broken = false;
    await refusals.flush();
    expect(stored).toEqual([2]);
  });
});
