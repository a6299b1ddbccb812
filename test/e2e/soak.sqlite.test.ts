import { expect, it } from "vitest";
import { faultCount } from "./soak/report.ts";
import { runSoak } from "./soak/run.ts";
import { soakTable } from "./soak/table.ts";

const MINUTES = 1;

it(`has everything at once for ${MINUTES} minute, with kills`, { timeout: 300_000 }, async () => {
  const seed = Date.now() % 2 ** 31;
  const options = { perSecond: 100, followers: 40, killEverySeconds: 15, calmMinutes: 0.25 };
  const report = await runSoak({ minutes: MINUTES, seed, ...options });
  console.log(`${soakTable(report)}\nseed ${seed}`);
  expect(Object.entries(report.faults).filter(([, found]) => found.length > 0)).toEqual([]);
  expect(faultCount(report)).toBe(0);
  // It was under load, and everything of it has happened.
  expect(report.load.acknowledged).toBe(report.load.sent);
  expect(report.load.acknowledged).toBeGreaterThan(500);
  expect(report.load.repeated).toBeGreaterThan(0);
  expect(report.kills).toBeGreaterThan(0);
  expect(report.load.broken).toBeGreaterThan(0);
  expect(Object.keys(report.outcomes)).toEqual(expect.arrayContaining(["succeeded", "failed", "lost"]));
  expect(report.followers.finished).toBeGreaterThan(0);
  expect(report.followers.reconnects).toBeGreaterThan(0);
  expect(report.endpoints.taken).toBeGreaterThan(0);
  expect(report.endpoints.unanswered).toBeGreaterThan(0);
});
