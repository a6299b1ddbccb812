import { setTimeout as sleep } from "node:timers/promises";
import { deepestMessage } from "./message-of.ts";

type UndiciFetch = typeof import("undici").fetch;

export interface ProbeOptions {
  /** http or https; its address comes from the settings, so that it may be a local one. */
  readonly url: string;
  /** Milliseconds until it has to be well. */
  readonly withinMs: number;
  /** Milliseconds between two tries. */
  readonly intervalMs: number;
  /** What the answer's body has to hold; null: anything. */
  readonly expect: string | null;
  readonly signal: AbortSignal;
  /** Told when the trouble becomes another one. */
  readonly log: (text: string) => void;
}

/** It was not well in time; the message says what was seen last. */
export class Unhealthy extends Error {
  override readonly name = "Unhealthy";
}

const ANSWER_MS = 10_000;
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Asks until the answer is 200 to 299 (and holds `expect`). Rejects with Unhealthy when the time is up, with the signal's
 * reason when that aborts. Redirects count as no.
 */
export async function untilHealthy(options: ProbeOptions): Promise<void> {
  const { url, withinMs, intervalMs, signal, log } = options;
  const undici = await import("undici");
  // A connection that is kept open could lead to the app that ran there before.
  const dispatcher = new undici.Agent({ pipelining: 0, maxResponseSize: MAX_BODY_BYTES });
  const request: UndiciFetch = (input, init) => undici.fetch(input, { ...init, dispatcher });
  const over = AbortSignal.timeout(withinMs);
  const either = AbortSignal.any([signal, over]);
  let trouble = "it was never asked";
  try {
    for (;;) {
      const found = await ask(options, request, either);
      signal.throwIfAborted();
      if (found === null) return;
      if (found !== trouble && !over.aborted) log(`${url}: ${found}`);
      if (!over.aborted) trouble = found;
      await sleep(intervalMs, undefined, { signal: either }).catch(() => undefined);
      signal.throwIfAborted();
      if (over.aborted) throw new Unhealthy(`${url} was not well in time: ${trouble}`);
    }
  } finally {
    await dispatcher.destroy().catch(() => undefined);
  }
}

/** Null when it is well, else what is wrong. */
async function ask(
  { url, expect }: ProbeOptions,
  request: UndiciFetch,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const response = await request(url, {
      redirect: "manual",
      headers: { "user-agent": "hookwright" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    const body = await response.text();
    if (!response.ok) return `it answered ${response.status}`;
    return expect === null || body.includes(expect)
      ? null
      : `its answer does not hold ${JSON.stringify(expect)}`;
  } catch (error) {
    return deepestMessage(error);
  }
}
