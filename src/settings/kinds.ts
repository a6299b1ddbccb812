import type { EndpointKind } from "../outbound/kind.ts";
import { endpointKinds } from "../outbound/registry.ts";
import { sourceKinds } from "../sources/registry.ts";
import type { SourceKind } from "../sources/source.ts";
import { stepKinds } from "../steps/registry.ts";
import type { StepKind } from "../steps/step.ts";

/** The kinds of source, step and endpoint that the settings may name. */
export interface Kinds {
  readonly sources: ReadonlyMap<string, SourceKind>;
  readonly steps: ReadonlyMap<string, StepKind>;
  readonly endpoints: ReadonlyMap<string, EndpointKind>;
}

/** All that Hookwright has. */
export const builtInKinds: Kinds = { sources: sourceKinds, steps: stepKinds, endpoints: endpointKinds };
