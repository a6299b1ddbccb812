import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { within } from "../lib/within.ts";
import type { NewDelivery, QueuedDelivery, Store, StoredDelivery } from "../storage/store.ts";

export type SpoolInput = Pick<NewDelivery, "delivery" | "body" | "fingerprint" | "fingerprintsSince">;

export type Spooled<T> =
  | { readonly spooled: false; readonly received: T }
  /** On this machine's disk. */
  | { readonly spooled: true; readonly stored: StoredDelivery };

/**
 * Where authentic deliveries wait on this machine while the store is away. As long as one waits, those that come after it wait
 * too: what was pushed last is to be deployed last.
 */
export interface Spool {
  /** Stores by `direct` or, while the store is away, on the disk. Rejects `store:unavailable` when that is full; else as `direct`. */
  receive<T>(input: SpoolInput, direct: () => Promise<T>): Promise<Spooled<T>>;
  /** Deliveries that wait. */
  readonly waiting: number;
  readonly isFull: boolean;
  /** Goes on with what an earlier run of the server has left. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface SpoolOptions {
  /** A store on this machine that has nothing else to do; ends with the spool. */
  readonly disk: Store;
  readonly limitBytes: () => number;
  /** Stores a delivery as if it came now; once only, however often it is called. */
  readonly forward: (queued: QueuedDelivery, body: Buffer) => Promise<void>;
  /** Rejects while the store is away. */
  readonly ping: () => Promise<void>;
  readonly logger: Logger;
  /** How long the store has to take a delivery: senders wait for about ten seconds. */
  readonly patienceMs?: number;
  /** Between two tries to reach the store. */
  readonly againMs?: number;
}

/** What a delivery takes beside its body. */
const OVERHEAD_BYTES = 2_000;
/** A delivery that is refused so often for a fault of ours does not hold up those behind it. */
const MAX_FAILURES = 3;
const STOP_MS = 2_000;

export function createSpool(options: SpoolOptions): Spool {
  const { disk, limitBytes, forward, ping, logger, patienceMs = 5_000, againMs = 1_000 } = options;
  let isAway = false;
  let stopped = false;
  let waiting = 0;
  let bytes = 0;
  /** Being written to the disk. */
  let arriving = 0;
  let saidFull = false;
  let forwarding: Promise<void> = Promise.resolve();
  const failures = new Map<string, number>();
  const isAside = (id: string): boolean => (failures.get(id) ?? 0) >= MAX_FAILURES;
  const aside = (): number => [...failures.keys()].filter(isAside).length;

  async function tryDirect<T>(direct: () => Promise<T>): Promise<{ readonly received: T } | null> {
    const attempt = direct();
    try {
      if (await within(patienceMs, attempt)) return { received: await attempt };
      // It may still succeed: then the delivery is found stored when it is forwarded.
      attempt.catch(() => undefined);
      return null;
    } catch (error) {
      if (isUnavailable(error)) return null;
      throw error;
    }
  }

  function leave(): void {
    if (isAway || stopped) return;
    isAway = true;
    logger.warn("The store can't be reached: webhooks are kept on this machine until it is back");
    forwarding = drain();
  }

  const sizeOf = (size: number): number => size + OVERHEAD_BYTES;
  const isFull = (size = 0): boolean => bytes + sizeOf(size) > limitBytes();

  async function put(input: SpoolInput): Promise<StoredDelivery> {
    const size = input.body.length;
    if (isFull(size)) {
      if (!saidFull) logger.error({ waiting, bytes }, "The spool is full: webhooks are refused");
      saidFull = true;
      throw new AppError("store:unavailable", "The store is away, and the spool is full", { retryAfter: 30 });
    }
    bytes += sizeOf(size);
    arriving += 1;
    try {
      const stored = await disk.storeDelivery({ ...input, tasks: [] });
      if (stored.duplicate) bytes -= sizeOf(size);
      else waiting += 1;
      return stored;
    } catch (error) {
      bytes -= sizeOf(size);
      throw error;
    } finally {
      arriving -= 1;
    }
  }

  async function drain(): Promise<void> {
    let after = 0;
    let forwarded = 0;
    while (!stopped) {
      try {
        const queued = await disk.nextDelivery(after);
        if (queued !== null) {
          if (await forwardOne(queued)) forwarded += 1;
          else if (isAside(queued.delivery.id)) after = queued.seq;
          else await delay(againMs);
          continue;
        }
        await ping();
        // Whatever has come meanwhile is behind what waits, and in front of what comes from now on.
        if (arriving > 0 || waiting > aside()) continue;
        isAway = false;
        saidFull = false;
        logger.info({ forwarded }, "The store is back, and all that was kept on this machine is in it");
        await disk.freeBodies();
        return;
      } catch {
        await delay(againMs);
      }
    }
  }

  /** False: it still waits. */
  async function forwardOne(queued: QueuedDelivery): Promise<boolean> {
    const { id, bodySize } = queued.delivery;
    try {
      const body = await disk.getDeliveryBody(id);
      if (body === null) throw new Error("its body is lost");
      await forward(queued, body);
    } catch (error) {
      if (isUnavailable(error)) return false;
      const count = (failures.get(id) ?? 0) + 1;
      failures.set(id, count);
      const last = isAside(id) ? "; it is set aside until the next start" : "";
      logger.error({ err: error, delivery: id }, `A kept delivery could not be stored${last}`);
      return false;
    }
    await disk.removeDelivery(id);
    failures.delete(id);
    waiting -= 1;
    bytes -= sizeOf(bodySize);
    saidFull = false;
    return true;
  }

  return {
    async receive(input, direct) {
      if (!isAway) {
        const result = await tryDirect(direct);
        if (result !== null) return { spooled: false, received: result.received };
        leave();
      }
      return { spooled: true, stored: await put(input) };
    },
    get waiting() {
      return waiting;
    },
    get isFull() {
      return isFull();
    },
    async start() {
      const found = await disk.deliveryTotals();
      waiting += found.count;
      bytes += found.bytes + found.count * OVERHEAD_BYTES;
      if (waiting === 0) return;
      logger.warn({ waiting }, "Webhooks that were kept on this machine are taken in now");
      isAway = true;
      forwarding = drain();
    },
    async stop() {
      stopped = true;
      await within(STOP_MS, forwarding);
      await disk.close();
    },
  };
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof AppError && error.code === "store:unavailable";
