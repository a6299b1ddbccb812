import { expect, it } from "vitest";
import { runFaults } from "../support/faults.ts";

it("loses nothing and runs nothing beside what it must not, whatever dies, freezes or is cut off", async () => {
  const report = await runFaults({ count: 20 });
  expect(report).toMatchObject({ lost: [], unended: [], overlapping: [], repeated: [] });
  expect(report.acknowledged).toBeGreaterThan(40);
  expect(report.tasks["succeeded"]).toBeGreaterThan(30);
  expect(report.runs).toBeGreaterThanOrEqual(report.tasks["succeeded"] ?? 0);
  expect(Object.values(report.faults)).toEqual([4, 4, 4, 4, 4]);
}, 180_000);
