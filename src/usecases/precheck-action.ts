import type { Action } from "../domain/action.ts";
import { compileTemplate } from "../lib/expressions.ts";
import { precheckStep, stepKinds } from "../steps/registry.ts";
import { githubToken } from "./github-access.ts";
import type { Services } from "./services.ts";

/** Longest time in which somebody who waits for the answer is kept waiting. */
const PRECHECK_MS = 30_000;

export interface PrecheckInput {
  readonly action: Action;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Asks the action's first steps whether the task would end at them, as far as they can tell without doing anything: so a
 * commit that may not be deployed is refused at once. They are asked again when the task runs. Rejects as they would.
 */
export async function precheckAction(services: Services, { action, params }: PrecheckInput): Promise<void> {
  const { github } = services.settings.current();
  const signal = AbortSignal.timeout(PRECHECK_MS);
  const log = (text: string): void => services.logger.info({ action: action.name }, text);
  const context = {
    signal,
    fetch: services.fetch,
    github: {
      apiUrl: github.apiUrl,
      token: (repository: string) => githubToken(services, github, repository, { signal, log }),
    },
    log,
  };
  const render = (template: string): string => compileTemplate(template)({ params });
  for (const { kind, options } of action.steps) {
    if (stepKinds.get(kind)?.precheck === undefined) return;
    await precheckStep({ kind, options, render, context });
  }
}
