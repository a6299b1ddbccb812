import type { AttemptResult } from "../domain/endpoint-state.ts";
import type { Message } from "../domain/message.ts";
import { OutboundError } from "../lib/outbound-error.ts";
import type { PostAnswer, PostInput, Poster } from "../lib/outbound-post.ts";
import { shorten } from "../lib/shorten.ts";
import type { SettledMessage } from "../storage/store.ts";
import type { Destination } from "./destination.ts";
import type { Endpoint } from "./endpoint.ts";
import { nextWait, readRetryAfter } from "./retry.ts";

/** What an attempt has sent, and what came of it. */
export interface Attempt {
  readonly request: Pick<PostInput, "method" | "headers" | "body">;
  /** Null: there was none. */
  readonly answer: PostAnswer | null;
  /** A sentence; null when the message was delivered. */
  readonly error: string | null;
  /** Where the answer itself is not kept. */
  readonly status?: number | null;
  /** It is this message that was refused: it is not tried again, and says nothing of where it was sent. Default false. */
  readonly final?: boolean;
  /** How long whoever it was sent to wants not to be called. Default: what the answer says. */
  readonly retryAfterMs?: number | null;
}

export interface AttemptInput {
  readonly endpoint: Endpoint;
  readonly message: Pick<Message, "id" | "type" | "headers" | "body" | "attempts">;
  readonly poster: Poster;
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/** Signs and sends a message once. Rejects only with the signal's reason. */
export async function attempt({ endpoint, message, poster, now, signal }: AttemptInput): Promise<Attempt> {
  const { id, type, body, headers, attempts } = message;
  const signed = endpoint.sign({ id, type, body, now, attempt: attempts + 1 });
  const request = {
    method: endpoint.method,
    headers: { "user-agent": "Hookwright", ...headers, ...signed },
    body,
  };
  try {
    const { target: url, timeoutMs } = endpoint;
    const answer = await poster.post({ ...request, url, timeoutMs, signal });
    return { request, answer, error: isTaken(answer.status) ? null : refusalOf(answer) };
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return { request, answer: null, error: error.message };
  }
}

const isTaken = (status: number): boolean => status >= 200 && status < 300;

const MAX_QUOTED = 200;

function refusalOf({ status, body }: PostAnswer): string {
  if (status >= 300 && status < 400)
    return `It answered with a redirect (${status}); redirects are not followed`;
  const said = shorten(body.replaceAll(/\s+/g, " ").trim(), MAX_QUOTED);
  return `It answered ${status}${said === "" ? "" : `: ${said}`}`;
}

const GONE = 410;

export interface SettleInput {
  readonly endpoint: Pick<Destination, "name" | "urlDigest" | "schedule" | "jitter">;
  readonly message: Pick<Message, "id" | "attempts">;
  readonly outcome: Omit<Attempt, "request">;
  readonly now: Date;
  /** 0 to 1. */
  readonly random: number;
}

/** What is recorded of an attempt: whether and when there is another one, and what it says of the endpoint. Pure. */
export function settled({ endpoint, message, outcome, now, random }: SettleInput): SettledMessage {
  const { answer, error, final = false } = outcome;
  const { id, attempts } = message;
  const at = now.toISOString();
  const isGone = answer?.status === GONE;
  const asked = outcome.retryAfterMs ?? readRetryAfter(answer?.header("retry-after") ?? null, now);
  const retryAfterMs = error === null ? null : asked;
  const result: AttemptResult = {
    at,
    delivered: error === null,
    status: answer?.status ?? outcome.status ?? null,
    error,
    notBefore: retryAfterMs === null ? null : inMs(now, retryAfterMs),
    goneUrl: isGone ? endpoint.urlDigest : null,
    refused: final,
  };
  const wait =
    error === null || isGone || final
      ? null
      : nextWait({ attempts: attempts + 1, rules: endpoint, retryAfterMs, random });
  return { id, endpoint: endpoint.name, result, dueAt: wait === null ? null : inMs(now, wait) };
}

const inMs = (now: Date, ms: number): string => new Date(now.getTime() + ms).toISOString();
