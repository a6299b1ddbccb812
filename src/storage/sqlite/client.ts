import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../domain/errors.ts";
import { operations, type OperationName } from "../operations/registry.ts";
import type { Store } from "../store.ts";
import { fromWireError, type Call, type CallResult } from "./messages.ts";
import { startDatabaseThread, type DatabaseThread } from "./worker-thread.ts";

/** So that a burst does not make the first of it wait for the last. */
const MAX_BATCH = 256;
const RESTART_MS = 500;

interface Waiting {
  readonly call: Call;
  readonly promise: PromiseWithResolvers<unknown>;
}

/**
 * The store on a database thread. While one batch is being written, calls gather for the next:
 * the more come at once, the fewer fsyncs each costs.
 */
export async function createSqliteStore(path: string): Promise<Store> {
  let thread: DatabaseThread | null = await startDatabaseThread(path);
  let waiting: Waiting[] = [];
  let running: Promise<void> | null = null;
  let closed = false;
  watch(thread);

  function watch(started: DatabaseThread): void {
    void started.ended.then(() => {
      thread = null;
      failAll("The database thread is gone");
      if (!closed) void restart();
    });
  }

  async function restart(): Promise<void> {
    while (thread === null && !closed) {
      await delay(RESTART_MS, undefined, { ref: false });
      const next = await startDatabaseThread(path).catch(() => null);
      if (next === null) continue;
      thread = next;
      watch(next);
    }
  }

  function failAll(message: string): void {
    const failed = waiting;
    waiting = [];
    for (const { promise } of failed) promise.reject(unavailable(message));
  }

  function submit(call: Call): Promise<unknown> {
    if (thread === null)
      return Promise.reject(unavailable("The database thread is gone; it is being started again"));
    const promise = Promise.withResolvers<unknown>();
    waiting.push({ call, promise });
    running ??= runAll();
    return promise.promise;
  }

  async function runAll(): Promise<void> {
    // One turn of the event loop: calls of requests that came together go together.
    await Promise.resolve();
    while (waiting.length > 0 && thread !== null) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await runBatch(thread, batch);
    }
    running = null;
  }

  async function close(): Promise<void> {
    closed = true;
    await running;
    await thread?.close();
  }

  return { ...storeOf(submit), close };
}

const unavailable = (message: string): AppError =>
  new AppError("store:unavailable", message, { retryAfter: 5 });

async function runBatch(thread: DatabaseThread, batch: readonly Waiting[]): Promise<void> {
  try {
    const results = await thread.run(batch.map(({ call }) => call));
    for (const [index, { promise }] of batch.entries()) settle(promise, results[index]);
  } catch (error) {
    for (const { promise } of batch) promise.reject(error);
  }
}

function settle(promise: PromiseWithResolvers<unknown>, result: CallResult | undefined): void {
  if (result === undefined) promise.reject(unavailable("The database thread gave no answer"));
  else if (result.ok) promise.resolve(result.value);
  else promise.reject(fromWireError(result.error));
}

/** One method per operation. Both sides are this program's own, so the answer's type is the operation's. */
function storeOf(submit: (call: Call) => Promise<unknown>): Omit<Store, "close"> {
  const names = Object.keys(operations) as OperationName[];
  const methods = names.map((name) => [name, (...args: unknown[]) => submit({ name, args })]);
  const store = Object.fromEntries(methods) as Omit<Store, "close">;
  return {
    ...store,
    // The body arrives as part of a larger buffer: its own bytes alone are handed over.
    storeDelivery: (input) => store.storeDelivery({ ...input, body: copyOf(input.body) }),
    async getDeliveryBody(id) {
      const body: Uint8Array | null = await store.getDeliveryBody(id);
      return body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    },
  };
}

function copyOf(body: Buffer): Buffer {
  const copy = Buffer.from(new ArrayBuffer(body.length));
  body.copy(copy);
  return copy;
}
