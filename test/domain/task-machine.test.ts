import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TASK_STATES, type TaskState } from "../../src/domain/task.ts";
import {
  isCancellable,
  isEnded,
  nextPhase,
  type TaskPhase,
  type TaskSignal,
} from "../../src/domain/task-machine.ts";

const stopOutcome = fc.constantFrom("failed", "timed_out", "cancelled", "superseded", "lost");
const signal: fc.Arbitrary<TaskSignal> = fc.oneof(
  fc.constantFrom<TaskSignal>(
    { type: "start" },
    { type: "complete" },
    { type: "undone" },
    { type: "undo_failed" },
    { type: "requeue" },
    { type: "reject" },
  ),
  stopOutcome.map((outcome): TaskSignal => ({ type: "stop", outcome })),
);

/** The phases passed through, signals that did not apply left out. */
function walk(signals: readonly TaskSignal[]): TaskPhase[] {
  const phases: TaskPhase[] = [{ state: "ENQUEUED", outcome: null }];
  for (const each of signals) {
    const next = nextPhase(phases.at(-1) ?? { state: "ENQUEUED", outcome: null }, each);
    if (next !== null) phases.push(next);
  }
  return phases;
}

describe("the task state machine", () => {
  it("takes nothing back once a task has ended", () => {
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 40 }), (signals) => {
        const phases = walk(signals);
        const firstEnd = phases.findIndex(({ state }) => isEnded(state));
        expect(firstEnd === -1 || firstEnd === phases.length - 1).toBe(true);
      }),
    );
  });

  it("has an outcome exactly in the states that a run was left for", () => {
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 40 }), (signals) => {
        for (const { state, outcome } of walk(signals)) {
          expect(outcome === null).toBe(state === "ENQUEUED" || state === "RUNNING");
        }
      }),
    );
  });

  it("calls only a finished run succeeded, and keeps why a run was stopped", () => {
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 40 }), (signals) => {
        const phases = walk(signals);
        const last = phases.at(-1);
        expect(last?.outcome === "succeeded").toBe(last?.state === "COMPLETED");
        const stopped = phases.find(({ state }) => state === "CANCELLING");
        if (stopped) expect(last?.outcome).toBe(stopped.outcome);
      }),
    );
  });

  it("can be ended from every state that is not an end", () => {
    const ending: TaskSignal[] = [{ type: "stop", outcome: "cancelled" }, { type: "undone" }];
    for (const state of TASK_STATES.filter((each) => !isEnded(each))) {
      let phase: TaskPhase = { state, outcome: state === "CANCELLING" ? "failed" : null };
      for (const each of ending) phase = nextPhase(phase, each) ?? phase;
      expect(isEnded(phase.state)).toBe(true);
    }
  });

  it("accepts a stop exactly where a task counts as cancellable", () => {
    const accepts = (state: TaskState): boolean =>
      nextPhase({ state, outcome: null }, { type: "stop", outcome: "cancelled" }) !== null;
    for (const state of TASK_STATES) expect(accepts(state)).toBe(isCancellable(state));
  });
});
