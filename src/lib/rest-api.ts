import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { OutboundError } from "./outbound-error.ts";

export interface RestCall {
  /** Who is called, for messages: `GitHub`. */
  readonly service: string;
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: none. */
  readonly body?: unknown;
}

export interface RestCaller {
  readonly fetch: typeof fetch;
  /** Ends the call, also while it waits. */
  readonly signal: AbortSignal;
  /** Told before each wait. */
  readonly log: (text: string) => void;
  /** How often a call is tried at most. Default 12. */
  readonly tries?: number;
}

/** The service said no, or could not be asked; the message has its own words. */
export class RestError extends Error {
  override readonly name: string = "RestError";
  /** Null when there was no answer. */
  readonly status: number | null;
  /** A rate limit, not a verdict on the request. */
  readonly limited: boolean;
  /** How long the service wants not to be called; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    { status, limited = false, retryAfterMs = null, ...options }: RestErrorOptions,
  ) {
    super(message, options);
    this.status = status;
    this.limited = limited;
    this.retryAfterMs = retryAfterMs;
  }
}

interface RestErrorOptions extends ErrorOptions {
  readonly status: number | null;
  readonly limited?: boolean;
  readonly retryAfterMs?: number | null;
}

const TRIES = 12;
const ANSWER_MS = 30_000;
/** Between tries, doubling: after a fault of the server or the network, and where a limit names no time. */
const FAULT_WAIT_MS = 250;
const LIMIT_WAIT_MS = 60_000;
const LONGEST_FAULT_WAIT_MS = 30_000;
/** A limit that lasts longer is not waited for. */
const LONGEST_LIMIT_WAIT_MS = 15 * 60_000;

/**
 * Calls a REST API. What may pass is tried again: no answer, a fault of the server, and rate limits, for as long as the
 * service asks for. Resolves with a 2xx or a 304. Rejects RestError, or with the signal's reason.
 * A try whose answer was lost may have been obeyed.
 */
export async function callRest(call: RestCall, caller: RestCaller): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(call, caller);
    if (result.ok) return result.response;
    const { error, wait } = judge(call.service, result, attempt);
    if (wait === null || attempt >= (caller.tries ?? TRIES)) throw error;
    caller.log(`${error.message}; trying again in ${Math.ceil(wait / 1_000)} s`);
    await sleep(wait, undefined, { signal: caller.signal }).catch((reason: unknown) => {
      caller.signal.throwIfAborted();
      throw reason;
    });
  }
}

type Try =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly response: Response; readonly message: string }
  | { readonly ok: false; readonly response: null; readonly error: unknown };
type Failure = Exclude<Try, { ok: true }>;

async function tryOnce({ method, url, headers, body }: RestCall, caller: RestCaller): Promise<Try> {
  const signal = AbortSignal.any([caller.signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await caller.fetch(url, { method, headers: { ...headers }, signal, ...json });
    if (response.ok || response.status === 304) return { ok: true, response };
    return { ok: false, response, message: messageOf(await response.text()) };
  } catch (error) {
    caller.signal.throwIfAborted();
    return { ok: false, response: null, error };
  }
}

const errorSchema = z.object({
  message: z.string(),
  errors: z.array(z.union([z.string(), z.object({ message: z.string() })])).catch([]),
});

/** The service's words in one line, bounded: an error page of a proxy is none of them. */
function messageOf(text: string): string {
  try {
    const { message, errors } = errorSchema.parse(JSON.parse(text));
    const all = [message, ...errors.map((error) => (typeof error === "string" ? error : error.message))];
    return all.join("; ").slice(0, 500);
  } catch {
    return "";
  }
}

interface Judgement {
  readonly error: RestError;
  /** Milliseconds until the next try; null: it would not help. */
  readonly wait: number | null;
}

function judge(service: string, failure: Failure, attempt: number): Judgement {
  if (failure.response === null) return judgeSilence(service, failure.error, attempt);
  const { response, message } = failure;
  const { status } = response;
  const limited = isLimit(response, message);
  const said = `${service} answered ${status}${message === "" ? "" : `: ${message}`}`;
  if (status >= 500) return { error: new RestError(said, { status }), wait: faultWait(attempt) };
  if (!limited) return { error: new RestError(said, { status }), wait: null };
  const wait = limitWait(response.headers, attempt);
  const error = new RestError(said, { status, limited, retryAfterMs: wait });
  return { error, wait: wait <= LONGEST_LIMIT_WAIT_MS ? wait : null };
}

function judgeSilence(service: string, cause: unknown, attempt: number): Judgement {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const error = new RestError(`${service} could not be asked: ${reason}`, { status: null, cause });
  const final = cause instanceof OutboundError && cause.final;
  return { error, wait: final ? null : faultWait(attempt) };
}

const faultWait = (attempt: number): number =>
  Math.min(FAULT_WAIT_MS * 2 ** (attempt - 1), LONGEST_FAULT_WAIT_MS);

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: a limit comes as 429 or as 403. */
const isLimit = ({ status, headers }: Response, message: string): boolean =>
  status === 429 ||
  (status === 403 &&
    (headers.has("retry-after") ||
      headers.get("x-ratelimit-remaining") === "0" ||
      /secondary rate limit|abuse detection/i.test(message)));

/** GitHub's headers, and GitLab's (https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/). */
function limitWait(headers: Headers, attempt: number): number {
  const retryAfter = headers.get("retry-after");
  if (retryAfter !== null && /^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const remaining = headers.get("x-ratelimit-remaining") ?? headers.get("ratelimit-remaining");
  const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset"));
  if (remaining === "0" && reset > 0) return Math.max(0, reset * 1_000 - Date.now());
  return LIMIT_WAIT_MS * 2 ** (attempt - 1);
}
