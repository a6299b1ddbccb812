import type { StepDefinition } from "../domain/action.ts";

/** A running task stays below this; 100 means completed. */
const MAX_WHILE_RUNNING = 99;

/** The progress of one run; never goes back. */
export interface Progress {
  readonly value: number;
  stepStarted(index: number): void;
  /** `percent` of the step that runs. */
  report(percent: number): void;
  stepEnded(index: number): void;
}

export interface ProgressOptions {
  readonly steps: readonly Pick<StepDefinition, "progress">[];
  /** One per step. */
  readonly weights: readonly number[];
  /** Where an earlier attempt got to. */
  readonly initial: number;
  readonly onChange: (value: number) => void;
}

export function createProgress({ steps, weights, initial, onChange }: ProgressOptions): Progress {
  const ends = stepEnds(
    steps.map((step) => step.progress),
    weights,
  );
  let value = initial;
  let range: readonly [from: number, to: number] = [0, 0];

  function raise(next: number): void {
    const bounded = Math.min(next, MAX_WHILE_RUNNING);
    if (bounded <= value) return;
    value = bounded;
    onChange(value);
  }

  return {
    get value() {
      return value;
    },
    stepStarted(index) {
      range = [ends[index - 1] ?? 0, ends[index] ?? 100];
    },
    report(percent) {
      const [from, to] = range;
      raise(from + ((to - from) * Math.min(Math.max(percent, 0), 100)) / 100);
    },
    stepEnded(index) {
      raise(ends[index] ?? 100);
    },
  };
}

/**
 * Progress at the end of each step: as written down where it is; steps between two such marks
 * share what lies between them by weight.
 */
export function stepEnds(marks: readonly (number | null)[], weights: readonly number[]): readonly number[] {
  const ends: number[] = [];
  let from = 0;
  for (let first = 0; first < marks.length;) {
    const last = nextMark(marks, first);
    const to = Math.max(marks[last] ?? 100, from);
    ends.push(...shares(weights.slice(first, last + 1), from, to));
    from = to;
    first = last + 1;
  }
  return ends;
}

function nextMark(marks: readonly (number | null)[], first: number): number {
  const found = marks.findIndex((mark, index) => index >= first && mark !== null);
  return found === -1 ? marks.length - 1 : found;
}

function shares(weights: readonly number[], from: number, to: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let done = 0;
  return weights.map((weight) => {
    done += weight;
    return from + ((to - from) * done) / total;
  });
}
