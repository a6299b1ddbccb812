import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createProgress, stepEnds, type Progress } from "../../src/usecases/progress.ts";

const plain = (count: number) => Array.from({ length: count }, () => ({ progress: null }));

function watched(options: {
  steps: readonly { progress: number | null }[];
  weights: readonly number[];
  initial?: number;
}): { progress: Progress; seen: number[] } {
  const seen: number[] = [];
  const progress = createProgress({ initial: 0, ...options, onChange: (value) => seen.push(value) });
  return { progress, seen };
}

describe("progress", () => {
  it("shares the way by the steps' weights", () => {
    expect(stepEnds([null, null, null], [1, 2, 1])).toEqual([25, 75, 100]);
  });

  it("keeps the marks written down and shares what lies between them", () => {
    expect(stepEnds([10, null, 50, null], [5, 1, 3, 7])).toEqual([10, 20, 50, 100]);
  });

  it("takes what a command reports as a part of its step's share", () => {
    const { progress, seen } = watched({ steps: plain(2), weights: [1, 1] });
    progress.stepStarted(0);
    progress.report(50);
    progress.stepEnded(0);
    progress.stepStarted(1);
    progress.report(20);
    expect(seen).toEqual([25, 50, 60]);
  });

  it("begins where an earlier attempt got to", () => {
    const { progress, seen } = watched({ steps: plain(2), weights: [1, 1], initial: 70 });
    progress.stepStarted(0);
    progress.stepEnded(0);
    progress.stepStarted(1);
    progress.report(50);
    expect(seen).toEqual([75]);
  });

  it("never goes back and never reaches 100 by itself, whatever is reported", () => {
    const mark = fc.option(fc.integer({ min: 1, max: 100 }));
    const step = fc.record({
      progress: mark,
      weight: fc.integer({ min: 1, max: 1e6 }),
      reports: fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const { progress, seen } = watched({ steps, weights: steps.map(({ weight }) => weight) });
        for (const [index, { reports }] of steps.entries()) {
          progress.stepStarted(index);
          for (const percent of reports) progress.report(percent);
          progress.stepEnded(index);
        }
        expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
        expect(seen.every((value) => value > 0 && value < 100)).toBe(true);
        expect(seen.at(-1)).toBeGreaterThan(0);
      }),
    );
  });
});
