import { setTimeout as sleep } from "node:timers/promises";
import { OutboundError } from "./outbound-error.ts";

export interface ApiCall {
  /** What people call the other side: `Argo CD`. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PATCH";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** False: not sent again after its answer was lost, as it may have been obeyed. */
  readonly repeatable: boolean;
}

export interface ApiCaller {
  readonly fetch: typeof fetch;
  /** Ends the call, also while it waits. */
  readonly signal: AbortSignal;
  /** Told before each wait. */
  readonly log: (text: string) => void;
}

/** The other side said no, or could not be asked; the message has its own words. */
export class ApiCallError extends Error {
  override readonly name = "ApiCallError";
  /** Null when there was no answer. */
  readonly status: number | null;

  constructor(message: string, status: number | null, options: ErrorOptions = {}) {
    super(message, options);
    this.status = status;
  }
}

const TRIES = 8;
const ANSWER_MS = 30_000;
/** Between tries, doubling. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;
const MAX_WORDS = 500;

/**
 * Calls a REST API that speaks JSON. What may pass is tried again: no answer, a fault of the server, a rate limit (429, after
 * the time that `Retry-After` asks for, up to a minute). Resolves with the parsed body, null where there is none; rejects
 * ApiCallError, or with the signal's reason.
 */
export async function callApi(call: ApiCall, caller: ApiCaller): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(call, caller);
    if (result.error === null) return result.body;
    if (!result.mayPass || attempt === TRIES) throw result.error;
    const wait = Math.min(result.wait ?? FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
    caller.log(`${result.error.message}; trying again in ${Math.ceil(wait / 1_000)} s`);
    await sleep(wait, undefined, { signal: caller.signal }).catch((reason: unknown) => {
      caller.signal.throwIfAborted();
      throw reason;
    });
  }
}

type Try =
  | { readonly error: null; readonly body: unknown }
  | {
      readonly error: ApiCallError;
      readonly mayPass: boolean;
      /** Milliseconds that the other side asks for. */
      readonly wait?: number | undefined;
    };

async function tryOnce(call: ApiCall, caller: ApiCaller): Promise<Try> {
  const { name, method, url, headers, body, repeatable } = call;
  try {
    const response = await caller.fetch(url, {
      method,
      headers: {
        accept: "application/json",
        "user-agent": "hookwright",
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([caller.signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    return judge(call, response, await response.text());
  } catch (cause) {
    caller.signal.throwIfAborted();
    const final = cause instanceof OutboundError && cause.final;
    const words = cause instanceof Error ? cause.message : String(cause);
    const error = new ApiCallError(`${name} could not be asked: ${words}`, null, { cause });
    return { error, mayPass: repeatable && !final };
  }
}

function judge({ name, repeatable }: ApiCall, { ok, status, headers }: Response, text: string): Try {
  const body = parse(text);
  if (ok) {
    if (text.trim() === "" || body !== undefined) return { error: null, body: body ?? null };
    return {
      error: new ApiCallError(`${name} answered with something else than JSON`, status),
      mayPass: false,
    };
  }
  const said = wordsOf(body);
  const error = new ApiCallError(`${name} answered ${status}${said === "" ? "" : `: ${said}`}`, status);
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (status === 429) return { error, mayPass: true, wait: Number.isNaN(after) ? undefined : after * 1_000 };
  return { error, mayPass: status >= 500 && repeatable };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What these APIs put their sentence in: a text, or GitLab's map of lists. */
const WORDS = ["message", "error", "error_description"];

/** In one line, bounded. An error page of a proxy is none of the other side's words. */
function wordsOf(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const found = new Map<string, unknown>(Object.entries(body));
  const words = WORDS.map((key) => found.get(key)).find((value) => value !== undefined && value !== "");
  if (words === undefined) return "";
  const text = typeof words === "string" ? words : JSON.stringify(words);
  return text.replaceAll(/\s+/g, " ").slice(0, MAX_WORDS);
}
