import { setTimeout as sleep } from "node:timers/promises";
import { OutboundError } from "../outbound-error.ts";
import { messageOf } from "../message-of.ts";

export interface DownloadOptions {
  readonly url: string;
  /** `authorization` and the like: for the first host alone. */
  readonly headers: Readonly<Record<string, string>>;
  /** Streams, and gives redirects back: see OutboundOptions.streamed. */
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/** It could not be fetched; the message says why, without what is secret in a URL. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  /** Null when there was no answer. */
  readonly status: number | null;

  constructor(message: string, status: number | null, options: ErrorOptions = {}) {
    super(message, options);
    this.status = status;
  }
}

const TRIES = 4;
const FIRST_WAIT_MS = 250;
const MAX_REDIRECTS = 3;

/** The body of what the URL has, as it comes. What may pass is tried again. Rejects DownloadError. */
export async function download(options: DownloadOptions): Promise<AsyncIterable<Uint8Array>> {
  const { signal, log } = options;
  for (let attempt = 1; ; attempt += 1) {
    const result = await follow(options);
    signal.throwIfAborted();
    if (!(result instanceof DownloadError)) return result;
    const passing = result.status === null || result.status >= 500 || result.status === 429;
    const final = result.cause instanceof OutboundError && result.cause.final;
    if (!passing || final || attempt === TRIES) throw result;
    const wait = FIRST_WAIT_MS * 2 ** (attempt - 1);
    log(`${result.message}; trying again in ${wait} ms`);
    await sleep(wait, undefined, { signal });
  }
}

async function follow({
  url: first,
  headers,
  fetch,
  signal,
}: DownloadOptions): Promise<AsyncIterable<Uint8Array> | DownloadError> {
  let url = new URL(first);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    // Credentials are for who was meant to get them.
    const own = url.origin === new URL(first).origin;
    const sent = own ? { "user-agent": "hookwright", ...headers } : { "user-agent": "hookwright" };
    const response = await fetch(url, { headers: sent, signal }).catch((error: unknown) => error);
    if (!(response instanceof Response)) return unreachable(url, response);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return bodyOf(url, response);
    await response.body?.cancel();
    const next = new URL(location, url);
    if (url.protocol === "https:" && next.protocol !== "https:") {
      return new DownloadError(`${url.host} leads to an address without TLS`, response.status);
    }
    url = next;
  }
  return new DownloadError(`${new URL(first).host} leads from one address to the next`, 310);
}

async function bodyOf(url: URL, response: Response): Promise<AsyncIterable<Uint8Array> | DownloadError> {
  if (response.ok && response.body !== null) return response.body;
  await response.body?.cancel();
  return new DownloadError(`${url.host} answered ${response.status}`, response.status);
}

function unreachable({ host }: URL, error: unknown): DownloadError {
  const why = messageOf(error);
  return new DownloadError(`${host} could not be asked: ${why}`, null, { cause: error });
}
