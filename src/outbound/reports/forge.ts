import { z } from "zod";
import type { ForgeDeployment, ReportRules } from "../../domain/report.ts";
import { callRest, RestError, type RestCall } from "../../lib/rest-api.ts";
import type { ReportStore } from "../../storage/store.ts";
import {
  type DeploymentInstruction,
  type DeploymentState,
  placeOf,
  type StatusInstruction,
  type StatusState,
} from "./instruction.ts";

export interface ForgeContext {
  readonly rules: Pick<ReportRules, "apiUrl" | "forge">;
  readonly token: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly now: Date;
  readonly store: Pick<ReportStore, "forgeDeployments" | "putForgeDeployment">;
}

/** How one kind of forge is told. Calls are made once each: whoever asks tries again. Both reject RestError. */
export interface ForgeApi {
  readonly name: string;
  status(instruction: StatusInstruction, context: ForgeContext): Promise<void>;
  /** Null: it knows no deployments. */
  readonly deployment: ((instruction: DeploymentInstruction, context: ForgeContext) => Promise<void>) | null;
}

/** Calls a forge's REST API once, and reads its answer. */
export async function ask<T>(
  call: Omit<RestCall, "headers"> & { readonly headers?: Readonly<Record<string, string>> },
  schema: z.ZodType<T>,
  { fetch, signal }: ForgeContext,
): Promise<T> {
  const headers = {
    accept: "application/json",
    "user-agent": "hookwright",
    ...(call.body !== undefined && { "content-type": "application/json" }),
    ...call.headers,
  };
  const response = await callRest({ ...call, headers }, { fetch, signal, log: () => undefined, tries: 1 });
  const text = await response.text();
  const answer = schema.safeParse(parse(text));
  if (answer.success) return answer.data;
  throw new RestError(`${call.service}'s answer is not what its documentation says`, { status: null });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const anything = z.unknown();
export const remoteId = z.object({ id: z.int().transform(String) });

/** GitHub's words, which Gitea took over; neither knows `running`. */
export const GITHUB_STATES: Readonly<Record<StatusState, string>> = {
  pending: "pending",
  running: "pending",
  success: "success",
  failure: "failure",
  error: "error",
};

/** What is remembered of the deployments of the instruction's place. */
export interface DeploymentBook {
  /** That of the instruction's own task. */
  readonly own: ForgeDeployment | null;
  readonly others: readonly ForgeDeployment[];
  note(
    deployment: Pick<ForgeDeployment, "taskId" | "remoteId">,
    state: DeploymentState | "new",
  ): Promise<void>;
}

export async function openBook(
  instruction: DeploymentInstruction,
  { rules, store, now }: ForgeContext,
): Promise<DeploymentBook> {
  const place = placeOf(instruction, rules);
  const all = await store.forgeDeployments(place);
  return {
    own: all.find(({ taskId }) => taskId === instruction.task) ?? null,
    others: all.filter(({ taskId }) => taskId !== instruction.task),
    note: ({ taskId, remoteId: id }, state) =>
      store.putForgeDeployment({ taskId, place, remoteId: id, state, at: now.toISOString() }),
  };
}
