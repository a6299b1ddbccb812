import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { AppError } from "../domain/errors.ts";
import type { StoredRelayed } from "./delivery.ts";
import { exactEvent, smeeEvent } from "./formats.ts";
import { RELAY_LIMITS } from "./limits.ts";
import type { RelayStore } from "./store.ts";

export interface ReaderInput {
  readonly channel: string;
  /** The exact bytes, each acknowledged by the reader; else as smee.io sends them. */
  readonly exact: boolean;
  /** Only deliveries with a higher `seq`. */
  readonly after: number;
  readonly response: ServerResponse;
}

/** Streams of channels, by Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface Readers {
  /**
   * Takes over the response; resolves when the stream has ended. A channel has one reader: a newer one takes its place.
   * Rejects `server:busy` before that.
   */
  read(input: ReaderInput): Promise<void>;
  /** There is something new in the channel. */
  wake(channel: string): void;
  /** A delivery has been acknowledged. */
  acknowledged(channel: string, seq: number): void;
  /** Ends all streams; their readers connect again. */
  close(): void;
  readonly count: number;
}

export interface ReadersOptions {
  readonly store: RelayStore;
  readonly now: () => Date;
  readonly limits?: Partial<Record<"readers" | "window" | "pingMs" | "slowReaderMs", number>>;
}

interface Reader {
  readonly ended: AbortController;
  /** What it has and has not acknowledged. */
  readonly open: Set<number>;
  replaced: boolean;
  wake(): void;
}

export function createReaders({ store, now, limits: changed = {} }: ReadersOptions): Readers {
  const limits = { ...RELAY_LIMITS, ...changed };
  const readers = new Map<string, Reader>();

  /** Sends what waits until it is to wait itself. */
  async function sendAll(input: ReaderInput, reader: Reader, after: number): Promise<number> {
    let seq = after;
    while (!reader.ended.signal.aborted && reader.open.size < limits.window) {
      const delivery = store.next(input.channel, seq);
      if (delivery === null) break;
      if (input.exact) reader.open.add(delivery.seq);
      await sendOne(input, reader, delivery);
      ({ seq } = delivery);
    }
    return seq;
  }

  async function sendOne(input: ReaderInput, reader: Reader, delivery: StoredRelayed): Promise<void> {
    const { channel, exact, response } = input;
    const text = exact ? exactEvent(delivery) : smeeEvent(delivery);
    await write(response, text, { ended: reader.ended.signal, ms: limits.slowReaderMs });
    // A smee client acknowledges nothing: what the connection has taken is all that can be known.
    if (!exact && !reader.ended.signal.aborted) {
      store.settle({ channel, seq: delivery.seq, status: null, now: now() });
    }
  }

  async function pump(input: ReaderInput, reader: Reader, changes: Changes): Promise<void> {
    const { response } = input;
    const bound = { ended: reader.ended.signal, ms: limits.slowReaderMs };
    await write(response, "event: ready\ndata: {}\n\n", bound);
    let seq = input.after;
    while (!reader.ended.signal.aborted) {
      seq = await sendAll(input, reader, seq);
      if (!(await changes.next(limits.pingMs))) await write(response, "event: ping\ndata: {}\n\n", bound);
    }
    if (reader.replaced) response.write("event: replaced\ndata: {}\n\n");
  }

  return {
    async read(input) {
      const { channel, response } = input;
      const before = readers.get(channel);
      if (before === undefined && readers.size >= limits.readers) {
        throw new AppError("server:busy", "Too many channels are being read", { retryAfter: 30 });
      }
      const ended = new AbortController();
      const changes = createChanges(ended.signal);
      const reader: Reader = { ended, open: new Set(), replaced: false, wake: changes.notify };
      readers.set(channel, reader);
      if (before !== undefined) {
        before.replaced = true;
        before.ended.abort();
      }
      response.on("close", () => ended.abort()).on("error", () => ended.abort());
      try {
        await pump(input, reader, changes);
      } finally {
        if (readers.get(channel) === reader) readers.delete(channel);
        response.end();
      }
    },
    wake: (channel) => readers.get(channel)?.wake(),
    acknowledged(channel, seq) {
      const reader = readers.get(channel);
      if (reader?.open.delete(seq) === true) reader.wake();
    },
    get count() {
      return readers.size;
    },
    close() {
      for (const { ended } of readers.values()) ended.abort();
    },
  };
}

interface Bound {
  readonly ended: AbortSignal;
  readonly ms: number;
}

/** Waits for a slow reader instead of filling the memory, but not for ever. */
async function write(response: ServerResponse, text: string, { ended, ms }: Bound): Promise<void> {
  if (ended.aborted || response.write(text)) return;
  const tooSlow = setTimeout(() => response.destroy(), ms);
  await once(response, "drain", { signal: ended }).catch(() => undefined);
  clearTimeout(tooSlow);
}

interface Changes {
  readonly notify: () => void;
  /** True after a change since the last call, false when there was none for so long, or at the end. */
  next(ms: number): Promise<boolean>;
}

function createChanges(ended: AbortSignal): Changes {
  let changed = false;
  let wake: (() => void) | null = null;
  const settle = (): void => {
    wake?.();
    wake = null;
  };
  ended.addEventListener("abort", settle, { once: true });
  return {
    notify() {
      changed = true;
      settle();
    },
    async next(ms) {
      if (!changed && !ended.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(settle, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const result = changed || ended.aborted;
      changed = false;
      return result;
    },
  };
}
