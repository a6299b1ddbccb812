import type { Forge, ReportRules } from "../../domain/report.ts";
import { RestError } from "../../lib/rest-api.ts";
import type { Attempt } from "../attempt.ts";
import type { DeliverOptions, SentMessage } from "../destination.ts";
import type { ForgeApi, ForgeContext } from "./forge.ts";
import { forgejo, gitea } from "./gitea.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { type Instruction, readInstruction } from "./instruction.ts";

export interface TokenRequest {
  readonly repository: string;
  readonly user: string | null;
  /** Whose report it is. */
  readonly task: string;
}

export interface ReporterOptions {
  /** The guarded outbound client. */
  readonly fetch: typeof fetch;
  readonly store: ForgeContext["store"];
  /** Null: there is none. Rejects RestError. */
  tokenFor(rules: ReportRules, request: TokenRequest, signal: AbortSignal): Promise<string | null>;
}

const APIS: Readonly<Record<Forge, ForgeApi>> = { github, gitlab, gitea, forgejo };

interface Report extends ReporterOptions {
  readonly rules: ReportRules;
  /** For all requests of one attempt. */
  readonly timeoutMs: number;
}

/** Tells a forge what a message says, once. Rejects with the signal's reason, or when the store can't be reached. */
export async function deliverReport(
  options: Report,
  message: SentMessage,
  { now, signal: outer }: DeliverOptions,
): Promise<Attempt> {
  const { timeoutMs } = options;
  const request = { method: "POST", headers: {}, body: message.body };
  const instruction = readInstruction(message.body);
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([outer, timeout]);
  try {
    await tell(options, instruction, { now, signal });
    return { request, answer: null, error: null };
  } catch (error) {
    outer.throwIfAborted();
    if (timeout.aborted) {
      const took = `${APIS[instruction.forge].name} did not answer within ${timeoutMs} ms`;
      return { request, answer: null, error: took };
    }
    if (!(error instanceof RestError)) throw error;
    return { request, answer: null, ...judge(error, { instruction, attempts: message.attempts + 1 }) };
  }
}

async function tell(
  { rules, tokenFor, fetch, store }: Report,
  instruction: Instruction,
  { now, signal }: DeliverOptions,
): Promise<void> {
  const { repository, user, task } = instruction;
  const token = await tokenFor(rules, { repository, user, task }, signal);
  const api = APIS[rules.forge];
  if (token === null) throw new RestError(`There is no token for ${api.name}`, { status: 401 });
  const context: ForgeContext = { rules, token, fetch, store, signal, now };
  if (instruction.type === "status") return api.status(instruction, context);
  return api.deployment?.(instruction, context);
}

/** A commit may be a moment behind its push: what is not found is looked for so often. */
const LOOKS = 3;

interface Told {
  readonly instruction: Instruction;
  /** With this one. */
  readonly attempts: number;
}

/** What the forge's no means: to be tried again, or a verdict on this message alone. */
function judge(
  { message, status, limited, retryAfterMs }: RestError,
  { instruction, attempts }: Told,
): Pick<Attempt, "error" | "status" | "final" | "retryAfterMs"> {
  if (status === null || limited || status >= 500) return { error: message, status, retryAfterMs };
  const hint = HINTS[status]?.(instruction);
  const error = hint === undefined ? message : `${message}. ${hint}`;
  const mayCome = status === 404 || status === 422;
  return { error, status, final: !mayCome || attempts >= LOOKS };
}

const needed = ({ forge, type }: Instruction): string => {
  if (forge === "gitlab") return "the scope api, and at least the role Developer";
  if (forge !== "github") return "the scope write:repository";
  return type === "status"
    ? "Commit statuses: write (a classic token: repo:status)"
    : "Deployments: write (a classic token: repo_deployment)";
};

const HINTS: Readonly<Record<number, (instruction: Instruction) => string>> = {
  401: ({ repository }) =>
    `No valid token for ${repository}: pair with GitHub anew, set report.token, or see github in the settings; then retry the dead letter`,
  403: (instruction) => `The token needs ${needed(instruction)} on ${instruction.repository}`,
  404: (instruction) =>
    `There is no repository ${instruction.repository} or no commit ${instruction.commit}, or the token can't see it: it needs ${needed(instruction)}`,
  422: ({ commit }) =>
    `The commit ${commit} may be unknown there, or it has had all the statuses that are allowed`,
};
