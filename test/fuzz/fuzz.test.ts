import { expect, it } from "vitest";
import { runFuzz } from "./run.ts";

/** The long form: npm run fuzz -- --count 200000. What it sent is found again by its seed. */
it("whatever 5,000 senders send, the server answers as documented, and lives", async () => {
  const report = await runFuzz({ count: 5_000, seed: Date.now() % 2 ** 31 });
  expect({ seed: report.seed, faults: report.faults }).toEqual({ seed: report.seed, faults: [] });
  expect(report.requests + report.connections).toBe(5_000);
  // Some of it is authentic, some is not: else it would not have come far.
  for (const status of ["202", "400", "401", "raw 400"]) expect(report.statuses[status]).toBeGreaterThan(20);
  expect(report.maxRssMiB).toBeLessThan(700);
}, 300_000);
