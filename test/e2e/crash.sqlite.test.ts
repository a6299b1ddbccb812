import { expect, it } from "vitest";
import { runCrash } from "./crash/rounds.ts";
import { crashTable } from "./crash/table.ts";

const ROUNDS = 30;

it(`survives ${ROUNDS} kills under load`, { timeout: 180_000 }, async () => {
  // Another one each time; `npm run crash -- --seed N` repeats one.
  const seed = Date.now() % 2 ** 31;
  const report = await runCrash({ rounds: ROUNDS, seed });
  console.log(crashTable(report));
  expect(report.faults).toEqual({
    lost: [],
    startedTwice: [],
    withoutEnd: [],
    neverRan: [],
    notUndone: [],
    overlapping: [],
  });
  expect(report.leftRunning).toEqual([]);
  expect(report.exitCode).toBe(0);
  expect(report.kills).toBe(ROUNDS);
  expect(report.acknowledged).toBe(report.sent);
  // It was under load: kills met work, and answers were lost.
  expect(report.sent).toBeGreaterThan(ROUNDS * 5);
  expect(report.outcomes["lost"]).toBeGreaterThan(0);
  expect(report.takenUpAgain).toBeGreaterThan(0);
});
