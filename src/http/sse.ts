import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";

/** One answer of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStream {
  readonly response: ServerResponse;
  /** Aborted when nobody listens any more. */
  readonly ended: AbortSignal;
  readonly slowReaderMs: number;
}

export const EVENT_STREAM = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
};

/** Begins an answer that goes on for as long as somebody listens. */
export function takeOver(reply: FastifyReply, content: Readonly<Record<string, string>>): ServerResponse {
  // Set by hooks on the reply; the raw response does not know of them.
  const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  reply.hijack();
  for (const [name, value] of headers) reply.raw.setHeader(name, String(value));
  reply.raw.writeHead(200, {
    ...content,
    // nginx would hold the lines back otherwise.
    "x-accel-buffering": "no",
  });
  reply.raw.flushHeaders();
  return reply.raw;
}

export const eventText = (event: string, data: string, id?: number): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;

export const STILL_HERE = ": still here\n\n";

/** Waits for a slow reader instead of filling the memory, but not for ever. */
export async function send({ response, ended, slowReaderMs }: EventStream, text: string): Promise<void> {
  if (ended.aborted || response.write(text)) return;
  const tooSlow = setTimeout(() => response.destroy(), slowReaderMs);
  await once(response, "drain", { signal: ended }).catch(() => undefined);
  clearTimeout(tooSlow);
}

export interface Changes {
  readonly notify: () => void;
  /** True after a change since the last call, false after a heartbeat's time without one or at the end. */
  next(): Promise<boolean>;
}

export function createChanges(ended: AbortSignal, heartbeatMs: number): Changes {
  let changed = false;
  let wake: ((changed: boolean) => void) | null = null;
  const settle = (result: boolean): void => {
    wake?.(result);
    wake = null;
  };
  ended.addEventListener("abort", () => settle(false), { once: true });
  return {
    notify() {
      changed = true;
      settle(true);
    },
    async next() {
      if (!changed && !ended.aborted) {
        await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => settle(false), heartbeatMs);
          wake = (result) => {
            clearTimeout(timer);
            resolve(result);
          };
        });
      }
      const result = changed;
      changed = false;
      return result;
    },
  };
}

/** Does something at most once in a while, when it is called after that while. */
export function everyWhile(whileMs: number, act: () => Promise<unknown>): () => Promise<void> {
  let done = Date.now();
  return async () => {
    if (Date.now() - done < whileMs) return;
    await act();
    done = Date.now();
  };
}
