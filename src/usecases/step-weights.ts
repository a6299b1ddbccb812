import type { Action } from "../domain/action.ts";
import type { Store } from "../storage/store.ts";

/** How long each step of an action usually takes, in any unit: the share of progress it is worth. */
export interface StepWeights {
  of(action: Action): Promise<readonly number[]>;
}

export interface StepWeightsOptions {
  readonly store: Pick<Store, "stepDurations">;
  readonly now: () => Date;
  /** How long an answer is used again; durations change slowly and tasks may be many. */
  readonly keepMs?: number;
}

export function createStepWeights({ store, now, keepMs = 30_000 }: StepWeightsOptions): StepWeights {
  const known = new Map<string, { readonly until: number; readonly weights: readonly number[] }>();

  async function read(action: Action): Promise<readonly number[]> {
    const durations = await store.stepDurations(action.name);
    return toWeights(action.steps.map((_, index) => durations[index] ?? null));
  }

  return {
    async of(action) {
      // With one step, or with every share written down, the durations would change nothing.
      if (action.steps.every((step) => step.progress !== null) || action.steps.length === 1) {
        return action.steps.map(() => 1);
      }
      const entry = known.get(action.name);
      const fits = entry !== undefined && entry.weights.length === action.steps.length;
      if (fits && entry.until > now().getTime()) return entry.weights;
      const weights = await read(action);
      known.set(action.name, { until: now().getTime() + keepMs, weights });
      return weights;
    },
  };
}

/** A step that never ran counts as the mean of those that did; each is worth something. */
function toWeights(durations: readonly (number | null)[]): readonly number[] {
  const known = durations.filter((duration) => duration !== null);
  const mean = known.length === 0 ? 1 : known.reduce((sum, value) => sum + value, 0) / known.length;
  return durations.map((duration) => Math.max(duration ?? mean, 1));
}
