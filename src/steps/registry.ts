import { argocdKind } from "./argocd.ts";
import { dispatchKind } from "./dispatch.ts";
import { fluxKind } from "./flux.ts";
import { gitKind } from "./git.ts";
import { gitlabPipelineKind } from "./gitlab-pipeline.ts";
import { healthKind } from "./health.ts";
import { releaseKind } from "./release.ts";
import { revertKind } from "./revert.ts";
import { runKind } from "./run.ts";
import { shellKind } from "./shell.ts";
import { tarballKind } from "./tarball.ts";
import { verifyCommitKind } from "./verify-commit.ts";
import { workflowDispatchKind } from "./workflow-dispatch.ts";
import type { PrecheckContext, Render, StepContext, StepKind, StepResult } from "./step.ts";

const kinds: readonly StepKind[] = [
  gitKind,
  runKind,
  shellKind,
  verifyCommitKind,
  revertKind,
  dispatchKind,
  workflowDispatchKind,
  gitlabPipelineKind,
  argocdKind,
  fluxKind,
  releaseKind,
  healthKind,
  tarballKind,
];

/** Every kind of step, by its key in the settings. A new kind is one file and one place in the list above. */
export const stepKinds: ReadonlyMap<string, StepKind> = new Map(kinds.map((kind) => [kind.kind, kind]));

export interface RunStepInput {
  readonly kind: string;
  /** As the kind's schema gave them, templates not yet replaced. */
  readonly options: unknown;
  readonly render: Render;
  readonly context: StepContext;
}

/** Replaces the templates of a step's options and runs it. See StepKind.run. */
export async function runStep({ kind, options, render, context }: RunStepInput): Promise<StepResult> {
  const found = findKind(kind);
  return found.run(found.render(found.schema.parse(options), render), context);
}

/** Asks a step of a kind that only looks. Others have nothing to say. See StepKind.precheck. */
export async function precheckStep({
  kind,
  options,
  render,
  context,
}: Omit<RunStepInput, "context"> & { readonly context: PrecheckContext }): Promise<void> {
  const found = findKind(kind);
  await found.precheck?.(found.render(found.schema.parse(options), render), context);
}

/** Has a step put back what a server that died in the middle of it has left. See StepKind.recover. */
export async function recoverStep({ kind, options, render, context }: RunStepInput): Promise<void> {
  const found = findKind(kind);
  await found.recover?.(found.render(found.schema.parse(options), render), context);
}

/** A short line for people. Without `render`, or where it fails, templates in it stand as they are. */
export function stepTitle({
  kind,
  options,
  render = (template) => template,
}: Pick<RunStepInput, "kind" | "options"> & { readonly render?: Render }): string {
  const found = findKind(kind);
  const parsed = found.schema.parse(options);
  try {
    return found.title(found.render(parsed, render));
  } catch {
    return found.title(parsed);
  }
}

function findKind(kind: string): StepKind {
  const found = stepKinds.get(kind);
  if (found === undefined) throw new Error(`There is no step kind ${kind}`);
  return found;
}
