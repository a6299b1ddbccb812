import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../domain/errors.ts";
import { operations, type OperationName } from "../operations/registry.ts";
import type { Store } from "../store.ts";
import { fromWireError, type Call, type CallResult } from "./messages.ts";
import { startDatabaseThread, type DatabaseThread } from "./worker-thread.ts";

/** So many calls are handed over at once, without waiting for the others of this turn of the event loop. */
const FULL = 8;
/** A task waits for it that could begin, and whatever else this turn of the event loop does would come first. */
const WAITED_FOR: OperationName = "claimTasks";
const RESTART_MS = 500;

interface Pending {
  readonly call: Call;
  readonly promise: PromiseWithResolvers<unknown>;
}

/**
 * The store on a database thread. Calls are handed over as they come, a few at a time; the thread writes whatever has
 * arrived as one transaction: the more come at once, the fewer fsyncs each costs.
 */
export async function createSqliteStore(path: string): Promise<Store> {
  let gathered: Pending[] = [];
  let posted: Pending[] = [];
  let closed = false;
  const onResults = (results: readonly CallResult[]): void => {
    const answered = posted.slice(0, results.length);
    posted = posted.slice(results.length);
    for (const [index, { promise }] of answered.entries()) settle(promise, results[index]);
  };
  let thread: DatabaseThread | null = await startDatabaseThread({ path, onResults });
  watch(thread);

  function watch(started: DatabaseThread): void {
    void started.ended.then((reason) => {
      thread = null;
      failAll(`The database thread is gone: ${reason}`);
      if (!closed) void restart();
    });
  }

  async function restart(): Promise<void> {
    while (thread === null && !closed) {
      await delay(RESTART_MS, undefined, { ref: false });
      const next = await startDatabaseThread({ path, onResults }).catch(() => null);
      if (next === null) continue;
      // The store was closed while the thread opened it again.
      if (closed) return next.close();
      thread = next;
      watch(next);
    }
  }

  function failAll(message: string): void {
    const failed = [...posted, ...gathered];
    posted = [];
    gathered = [];
    for (const { promise } of failed) promise.reject(unavailable(message));
  }

  function submit(call: Call): Promise<unknown> {
    if (closed) return Promise.reject(new AppError("server:draining", "The store has been closed"));
    if (thread === null) return Promise.reject(unavailable("The database thread is being started again"));
    const promise = Promise.withResolvers<unknown>();
    gathered.push({ call, promise });
    if (gathered.length >= FULL || call.name === WAITED_FOR) flush();
    else if (gathered.length === 1) setImmediate(flush);
    return promise.promise;
  }

  function flush(): void {
    if (gathered.length === 0 || thread === null) return;
    const calls = gathered.map(({ call }) => call);
    posted.push(...gathered);
    gathered = [];
    thread.post(calls);
  }

  async function close(): Promise<void> {
    closed = true;
    flush();
    await thread?.close();
  }

  return { ...storeOf(submit), close };
}

const unavailable = (message: string): AppError =>
  new AppError("store:unavailable", message, { retryAfter: 5 });

function settle(promise: PromiseWithResolvers<unknown>, result: CallResult | undefined): void {
  if (result === undefined) promise.reject(unavailable("The database thread gave no answer"));
  else if (result.ok) promise.resolve(result.value);
  else promise.reject(fromWireError(result.error));
}

/** One method per operation. Both sides are this program's own, so the answer's type is the operation's. */
function storeOf(submit: (call: Call) => Promise<unknown>): Omit<Store, "close"> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the registry has exactly these keys
  const names = Object.keys(operations) as OperationName[];
  const methods = names.map((name) => [name, (...args: unknown[]) => submit({ name, args })]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is the call of that name
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
