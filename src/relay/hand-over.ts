import { backOff, inOneLine, type Waits } from "../lib/backoff.ts";
import type { Logger } from "../lib/logger.ts";
import type { RelayedDelivery } from "./delivery.ts";

export interface HandOverOptions {
  /** The whole URL of a source. */
  readonly to: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  readonly waits: Waits;
}

/** The local server stores before it answers; a busy disk takes its time. */
const ANSWER_MS = 60_000;
/** Said of the moment, not of the delivery. */
const PASSING = new Set([408, 425, 429]);

/**
 * Hands a delivery to the local server until that has taken it or refused it for good; resolves with its answer's status, or
 * null when the forwarder ends before.
 */
export async function handOver(options: HandOverOptions, delivery: RelayedDelivery): Promise<number | null> {
  const { logger, to, signal, waits } = options;
  for (let failures = 1; !signal.aborted; failures += 1) {
    const answer = await tryOnce(options, delivery);
    const about = { delivery: delivery.id, to, status: answer.status };
    if (answer.status !== null && answer.status < 300) {
      logger.info(about, "Handed over");
      return answer.status;
    }
    if (answer.status !== null && answer.status < 500 && !PASSING.has(answer.status)) {
      logger.error({ ...about, said: answer.said }, "The server refused a delivery for good");
      return answer.status;
    }
    if (signal.aborted) return null;
    logger.warn({ ...about, said: answer.said }, "The server did not take a delivery; trying again");
    await backOff(waits, failures, signal);
  }
  return null;
}

interface Answer {
  /** Null: there was none. */
  readonly status: number | null;
  readonly said: string;
}

async function tryOnce(options: HandOverOptions, { headers, body, query }: RelayedDelivery): Promise<Answer> {
  const { to, signal, fetch: request = fetch } = options;
  const url = new URL(to);
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.append(name, value);
  try {
    const response = await request(url, {
      method: "POST",
      headers: { ...headers },
      body: new Uint8Array(body),
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    return { status: response.status, said: (await response.text()).slice(0, 500) };
  } catch (error) {
    return { status: null, said: inOneLine(error) };
  }
}
