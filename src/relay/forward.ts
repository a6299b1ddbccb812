import { setTimeout as sleep } from "node:timers/promises";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { backOff, inOneLine, type Waits } from "../lib/backoff.ts";
import { newId } from "../lib/ids.ts";
import type { Logger } from "../lib/logger.ts";
import { EXACT, FORMAT_HEADER, type RelayedDelivery } from "./delivery.ts";
import { readExact, readSmee } from "./formats.ts";
import { handOver } from "./hand-over.ts";

export interface ForwardOptions {
  /** The channel: of a relay of ours, or of smee.io. */
  readonly from: string;
  /** Where each delivery is handed to: the whole URL of a source. */
  readonly to: string;
  /** Of the channel; null: it is open. */
  readonly token: string | null;
  readonly logger: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  /** What reaches `to`, where that is another way. */
  readonly fetchTarget?: typeof fetch;
  readonly waits?: Waits;
  /** A stream that is silent for so long is taken to be dead. Default: three pings of ours, two of smee.io's. */
  readonly silentMs?: number;
}

/** The channel can't be read, now or later; the message says why, for people. */
export class ForwardRefused extends Error {
  override readonly name = "ForwardRefused";
  /** Whether it is about the token. */
  readonly unauthorized: boolean;

  constructor(message: string, unauthorized: boolean) {
    super(message);
    this.unauthorized = unauthorized;
  }
}

const WAITS = { first: 500, longest: 30_000 };
const SILENT_MS = 65_000;
/** Another forwarder has taken the channel over: two would take it from each other all the time. */
const REPLACED_MS = 60_000;

/**
 * Reads a channel and hands its deliveries, one after another, to a local server, until the signal. Broken connections are made
 * again. A delivery is acknowledged once the local server has taken it or refused it for good; until then the relay keeps it,
 * so that no crash loses it. Rejects ForwardRefused.
 */
export async function forward(options: ForwardOptions): Promise<void> {
  const { logger, signal, waits = WAITS } = options;
  const state: State = { ...options, lastId: null, waits, smee: false };
  let failures = 0;
  while (!signal.aborted) {
    try {
      const end = await readOnce(state, () => (failures = 0));
      if (end === "replaced") {
        logger.warn({ from: options.from }, "Another forwarder reads the channel; looking again in a minute");
        await sleep(REPLACED_MS, undefined, { signal });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ForwardRefused) throw error;
      logger.warn({ err: inOneLine(error), from: options.from }, "The relay can't be read; trying again");
    }
    if (signal.aborted) return;
    await backOff(waits, (failures += 1), signal);
  }
}

interface State extends ForwardOptions {
  readonly waits: Waits;
  /** Of the last event that has been dealt with. */
  lastId: string | null;
  /** The other side is no relay of ours. */
  smee: boolean;
}

async function readOnce(state: State, onReady: () => void): Promise<"ended" | "replaced"> {
  const { signal, logger, from, to, silentMs = SILENT_MS } = state;
  const silence = createSilence(silentMs);
  const response = await connect(state, AbortSignal.any([signal, silence.signal]));
  if (response.body === null) return "ended";
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  silence.listen();
  for await (const { event = "message", data, id } of events) {
    // While a delivery is handed over nobody listens.
    silence.pause();
    if (event === "ready") {
      onReady();
      logger.info({ from, to }, "Forwarding");
    }
    if (event === "replaced") return "replaced";
    if (event === "delivery" || (event === "message" && id !== undefined))
      await take(state, { event, data, id });
    if (signal.aborted) break;
    silence.listen();
  }
  return "ended";
}

async function connect(state: State, signal: AbortSignal): Promise<Response> {
  const { from, token, lastId, fetch: request = fetch } = state;
  const response = await request(from, {
    headers: {
      // Exactly this: smee.io compares the whole value.
      accept: "text/event-stream",
      [FORMAT_HEADER]: EXACT,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(lastId !== null && { "last-event-id": lastId }),
    },
    signal,
  });
  const { status } = response;
  const isStream = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  if (status === 200 && isStream) return response;
  await response.body?.cancel();
  if (status === 401 || status === 403) {
    throw new ForwardRefused(
      `${from} does not take the token (${status}); give the channel's by --token-file`,
      true,
    );
  }
  if (status === 404 || status === 410) throw new ForwardRefused(`There is no channel at ${from}`, false);
  if (status === 200)
    throw new ForwardRefused(`${from} is no channel: it answers with a page, not a stream`, false);
  throw new Error(`${from} answered ${status}`);
}

interface Incoming {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

async function take(state: State, { event, data, id }: Incoming): Promise<void> {
  const { logger, from } = state;
  const exact = event === "delivery";
  if (!exact && !state.smee) {
    state.smee = true;
    const advice =
      "The channel is in smee.io's format: bodies are written anew, so signatures may not fit, and nothing is kept";
    logger.warn({ from }, advice);
  }
  const delivery = parse(exact, data);
  if (delivery === null) logger.warn({ from, id }, "An event could not be understood, and is left out");
  const status = delivery === null ? 400 : await handOver(toTarget(state), delivery);
  if (status === null) return;
  if (exact && id !== undefined) await acknowledge(state, Number(id), status);
  if (exact) state.lastId = id ?? state.lastId;
}

function parse(exact: boolean, data: string): RelayedDelivery | null {
  try {
    return exact ? readExact(data) : readSmee(data, newId());
  } catch {
    return null;
  }
}

const toTarget = ({ fetchTarget, ...state }: State) => ({
  ...state,
  ...(fetchTarget !== undefined && { fetch: fetchTarget }),
});

/** Until the relay has heard it: not acknowledged, it would come again. */
async function acknowledge(state: State, seq: number, status: number): Promise<void> {
  const { from, token, signal, logger, waits, fetch: request = fetch } = state;
  const url = new URL(from);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/ack`;
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      const response = await request(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token !== null && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ seq, status }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      await response.body?.cancel();
      if (response.ok || (response.status >= 400 && response.status < 500 && response.status !== 429)) return;
      logger.warn(
        { seq, status: response.status },
        "The relay did not take an acknowledgement; trying again",
      );
    } catch (error) {
      if (!signal.aborted)
        logger.warn({ seq, err: inOneLine(error) }, "The relay could not be told; trying again");
    }
    await backOff(waits, failures, signal);
  }
}

const ANSWER_MS = 30_000;

interface Silence {
  readonly signal: AbortSignal;
  listen(): void;
  pause(): void;
}

function createSilence(ms: number): Silence {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    listen() {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error(`nothing was heard for ${ms / 1_000} s`)), ms);
      timer.unref();
    },
    pause: () => clearTimeout(timer),
  };
}
