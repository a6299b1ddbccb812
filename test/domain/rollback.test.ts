import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decideRollback,
  type HealthEntry,
  isNews,
  type RollbackAnswer,
  type RollbackQuestion,
} from "../../src/domain/rollback.ts";

const NOW = new Date("2026-05-01T12:00:00.000Z");
const A = "a".repeat(40);
const B = "b".repeat(40);
const C = "c".repeat(40);
const F = "f".repeat(40);

type Told = Partial<HealthEntry> & Pick<HealthEntry, "type" | "revision">;

const healthy = (revision: string, minutesAgo = 1): Told => ({
  type: "healthy",
  revision,
  at: before(minutesAgo),
});
const rolledBack = (revision: string, target: string, minutesAgo = 1, vain = false): Told => ({
  type: "rollback",
  revision,
  target,
  at: before(minutesAgo),
  vain,
});
const before = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

/** The oldest first, as it happened. */
function historyOf(told: readonly Told[]): HealthEntry[] {
  const entries = told.map((entry, index) => ({
    target: null,
    at: before(1),
    vain: false,
    ...entry,
    position: index + 1,
    deliveryId: `delivery-${index + 1}`,
  }));
  return entries.toReversed();
}

function decide(
  told: readonly Told[],
  failed: string,
  change: Partial<RollbackQuestion> = {},
): RollbackAnswer {
  const rules = { maxPerHour: 3, firstHealthy: null };
  const history = historyOf(told);
  return decideRollback({ history, failed, named: null, rules, now: NOW, explicit: false, ...change });
}

const to = (target: string): RollbackAnswer => ({ type: "roll_back", target });
const no = (code: string): unknown => expect.objectContaining({ type: "refused", code });

describe("where a degraded application goes back to", () => {
  it.each<[string, Told[], string, unknown]>([
    ["the last healthy revision", [healthy(A), healthy(B)], F, to(B)],
    ["not to the failed revision itself, though it was healthy last", [healthy(A), healthy(B)], B, to(A)],
    ["nowhere when nothing is known", [], F, no("rollback:no_healthy_revision")],
    ["nowhere when only the failed one is known", [healthy(A)], A, no("rollback:no_healthy_revision")],
    [
      "to the revision before, when the rollback degrades",
      [healthy(A), healthy(B), rolledBack(C, B)],
      F,
      to(A),
    ],
    ["the same when it is the target that degrades", [healthy(A), healthy(B), rolledBack(C, B)], B, to(A)],
    [
      "no further than that",
      [healthy("9".repeat(40)), healthy(A), healthy(B), rolledBack(C, B), rolledBack("d".repeat(40), A)],
      F,
      no("rollback:exhausted"),
    ],
    ["nowhere when there is none before", [healthy(B), rolledBack(C, B)], F, no("rollback:exhausted")],
    ["anew once something was healthy", [healthy(A), rolledBack(B, A), healthy(C)], F, to(C)],
    [
      "not to what failed within the hour, though it recovered",
      [healthy(A), rolledBack(B, A), healthy(B)],
      F,
      to(A),
    ],
    ["to it after the hour", [healthy(A, 99), rolledBack(B, A, 90), healthy(B, 80)], F, to(B)],
    [
      "to the same again when the rollback came to nothing",
      [healthy(A), rolledBack(B, A, 5, true)],
      F,
      to(A),
    ],
  ])("goes: %s", (_, told, failed, answer) => {
    expect(decide(told, failed)).toEqual(answer);
  });

  it("takes the settings' first healthy revision last", () => {
    const rules = { maxPerHour: 3, firstHealthy: A };
    expect(decide([], F, { rules })).toEqual(to(A));
    expect(decide([healthy(B)], F, { rules })).toEqual(to(B));
    expect(decide([healthy(B), rolledBack(C, B)], F, { rules })).toEqual(to(A));
  });
});

describe("a report that repeats another", () => {
  const repeated = { type: "repeated", deliveryId: "delivery-2" };

  it.each<[string, Told[], unknown]>([
    ["at once", [healthy(A), rolledBack(F, A, 0)], repeated],
    ["days later, never healthy since", [healthy(A, 9_999), rolledBack(F, A, 9_000)], repeated],
    ["flapping within the hour", [healthy(A), rolledBack(F, A, 30), healthy(F, 20)], repeated],
    ["soon after a rollback that came to nothing", [healthy(A), rolledBack(F, A, 30, true)], repeated],
    ["an hour after one that came to nothing", [healthy(A, 99), rolledBack(F, A, 61, true)], to(A)],
    ["healthy since, and an hour later", [healthy(A, 99), rolledBack(F, A, 61), healthy(F, 50)], to(A)],
  ])("%s", (_, told, answer) => {
    expect(decide(told, F)).toEqual(answer);
  });

  it("is done again, to the same revision, when a person asks for it", () => {
    const told = [healthy(A), healthy(B), rolledBack(F, A)];
    expect(decide(told, F, { explicit: true })).toEqual(to(A));
  });
});

describe("the cap", () => {
  const flapping = (minutes: number): Told[] =>
    ["1", "2", "3"].flatMap((digit) => [healthy(A, minutes), rolledBack(digit.repeat(40), A, minutes)]);

  it("refuses more within an hour than the settings allow", () => {
    expect(decide([...flapping(59), healthy(A, 1)], F)).toEqual(no("rollback:limit"));
    expect(decide([...flapping(60), healthy(A, 1)], F)).toEqual(to(A));
    const rules = { maxPerHour: 0, firstHealthy: null };
    expect(decide([healthy(A)], F, { rules })).toEqual(no("rollback:limit"));
  });

  it("does not stand in a person's way", () => {
    expect(decide([...flapping(5), healthy(A, 1)], F, { explicit: true })).toEqual(to(A));
  });
});

describe("a sender that names the healthy revision", () => {
  it.each<[string, Told[], unknown]>([
    ["is believed", [healthy(B)], to(A)],
    ["is believed again for the next failure", [rolledBack(B, C, 5), rolledBack(C, B, 4)], to(A)],
    ["names what was tried: one step back", [healthy(B), rolledBack(C, A)], to(B)],
    ["names what was tried, nothing before", [rolledBack(C, A)], no("rollback:exhausted")],
    ["names it again after an hour", [rolledBack(C, A, 61)], to(A)],
  ])("%s", (_, told, answer) => {
    expect(decide(told, F, { named: A })).toEqual(answer);
  });

  it("is not believed when it names the failed revision, abbreviated or not", () => {
    expect(decide([], F, { named: F })).toEqual(no("rollback:no_healthy_revision"));
    expect(decide([healthy(A)], F, { named: F.slice(0, 7) })).toEqual(to(A));
  });
});

interface Reported {
  readonly failing: boolean;
  readonly revision: string;
  /** Since the report before. */
  readonly minutes: number;
}

/** Plays reports through the memory as the server would; newest first. */
function play(reports: readonly Reported[]): readonly HealthEntry[] {
  const told: HealthEntry[] = [];
  const rules = { maxPerHour: 3, firstHealthy: null };
  let time = NOW.getTime();
  for (const { failing, revision, minutes } of reports) {
    time += minutes * 60_000;
    const now = new Date(time);
    const history = told.toReversed();
    const question = { history, failed: revision, named: null, rules, now, explicit: false };
    const answer = failing ? decideRollback(question) : null;
    const target = answer?.type === "roll_back" ? answer.target : null;
    if (failing ? target === null : !isNews(history, revision)) continue;
    const position = told.length + 1;
    const entry = {
      position,
      revision,
      target,
      deliveryId: `${position}`,
      at: now.toISOString(),
      vain: false,
    };
    told.push({ ...entry, type: failing ? "rollback" : "healthy" });
  }
  return told.toReversed();
}

describe("whatever happens", () => {
  const revision = fc.constantFrom(A, B, C, F);
  const entry = fc.record({ failing: fc.boolean(), revision, minutes: fc.integer({ min: 0, max: 90 }) });

  it("never rolls back to the failed revision, never more than the cap, never more than two steps in a row", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (reports) => {
        const history = play(reports);
        const rollbacks = history.filter(({ type }) => type === "rollback");
        for (const { revision: failed, target, at } of rollbacks) {
          expect(target).not.toBe(failed);
          const hour = rollbacks.filter(
            (other) => other.at <= at && Date.parse(at) - Date.parse(other.at) < 3_600_000,
          );
          expect(hour.length).toBeLessThanOrEqual(3);
        }
        expect(history.map(({ type }) => type).join(" ")).not.toMatch(/rollback rollback rollback/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a healthy report", () => {
  it("is news unless it repeats the newest", () => {
    expect(isNews([], A)).toBe(true);
    expect(isNews(historyOf([healthy(A)]), A)).toBe(false);
    expect(isNews(historyOf([healthy(A), healthy(B)]), A)).toBe(true);
    expect(isNews(historyOf([healthy(A), rolledBack(B, A)]), A)).toBe(true);
  });
});
