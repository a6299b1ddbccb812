import { expect, it } from "vitest";
import { runOutboundCrash } from "./outbound-crash/rounds.ts";

it("every event arrives, however often the sender is killed", { timeout: 180_000 }, async () => {
  // Another one each time; `npm run crash:outbound -- --seed N` repeats one.
  const seed = Date.now() % 2 ** 31;
  const report = await runOutboundCrash({ events: 200, kills: 3, seed });
  expect(report).toMatchObject({ events: 200, kills: 3, missing: [], undelivered: 0 });
  // Faults and kills met work.
  expect(report.refused).toBeGreaterThan(0);
  expect(report.requests).toBeGreaterThan(report.events);
});
