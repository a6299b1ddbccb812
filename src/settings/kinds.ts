import { sourceKinds } from "../sources/registry.ts";
import type { SourceKind } from "../sources/source.ts";
import { stepKinds } from "../steps/registry.ts";
import type { StepKind } from "../steps/step.ts";

/** The kinds of source and step that the settings may name. */
export interface Kinds {
  readonly sources: ReadonlyMap<string, SourceKind>;
  readonly steps: ReadonlyMap<string, StepKind>;
}

/** All that Hookwright has. */
export const builtInKinds: Kinds = { sources: sourceKinds, steps: stepKinds };
