import type { Agent, Dispatcher } from "undici";
import { createAddressGuard, type Resolve } from "./address-guard.ts";
import { checkUrl, explain, OutboundError } from "./outbound-error.ts";

export interface PostInput {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds for the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PostAnswer {
  readonly status: number;
  /** Of a header that was sent several times the first. */
  header(name: string): string | null;
  /** The beginning of the body: at most 16 KiB. */
  readonly body: string;
}

/** Sends webhooks to strangers: guarded as `createOutboundFetch` is, but quicker; redirects are answers like any other. */
export interface Poster {
  /** Rejects OutboundError, or with the signal's reason. */
  post(input: PostInput): Promise<PostAnswer>;
  close(): Promise<void>;
}

/** Nobody reads more; the rest is not waited for. */
const MAX_BODY_BYTES = 16 * 1024;
const CONNECT_MS = 10_000;
/** Shorter than what usual servers allow, so that a connection is not used just as they close it. */
const KEEP_ALIVE_MS = 4_000;

/** @param allowCidrs networks that may be called although they are not public */
export function createPoster(allowCidrs: readonly string[], resolve?: Resolve): Poster {
  const guard = createAddressGuard(allowCidrs, resolve);
  let dispatcher: Agent | null = null;
  return {
    async post({ url: text, method, headers, body, timeoutMs, signal }) {
      const url = checkUrl(text);
      const timeout = AbortSignal.timeout(timeoutMs);
      const both = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
      try {
        guard.checkHost(url.hostname);
        // With the first message: a server that tells nobody is not to pay for it.
        const undici = await import("undici");
        dispatcher ??= new undici.Agent({
          connect: { lookup: guard.lookup, timeout: CONNECT_MS },
          keepAliveTimeout: KEEP_ALIVE_MS,
          pipelining: 1,
        });
        const options = { method: methodOf(method), headers: { ...headers }, body, signal: both, dispatcher };
        return await toAnswer(await undici.request(url, options));
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw explain(url, error, timeoutMs);
      }
    },
    async close() {
      await dispatcher?.destroy();
    },
  };
}

function methodOf(method: string): "POST" | "PUT" | "PATCH" {
  if (method === "POST" || method === "PUT" || method === "PATCH") return method;
  throw new OutboundError(`Nothing is sent by ${method}`, { final: true });
}

async function toAnswer({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<PostAnswer> {
  const text = await readStart(body);
  return {
    status: statusCode,
    header(name) {
      const value = headers[name];
      return (Array.isArray(value) ? value[0] : value) ?? null;
    },
    body: text,
  };
}

async function readStart(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stream: AsyncIterable<Buffer> = body;
  // Leaving the loop early tears the connection down: whoever sends more is not listened to.
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString("utf8");
}
