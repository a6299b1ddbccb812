import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";
import { operations, type OperationName } from "./operations/registry.ts";
import type { Store } from "./store.ts";

const AGAIN_MS = 1_000;

export interface MaybeLate {
  /** Its calls reject `store:unavailable` until it is open. */
  readonly store: Store;
  /** Resolves when it is open; null: it is. */
  readonly opened: Promise<void> | null;
}

export interface OpenOptions {
  readonly open: () => Promise<Store>;
  /** It can't be reached now; it is tried again until it can, or is closed. */
  readonly onLate: (error: unknown) => void;
  /** What else is wrong with it, each time. */
  readonly onError: (error: unknown) => void;
}

/** Opens a store, or gives one that will be opened. Rejects for any other reason than that it can't be reached. */
export async function openOrLater(options: OpenOptions): Promise<MaybeLate> {
  try {
    return { store: await options.open(), opened: null };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    options.onLate(error);
    return openLater(options);
  }
}

function openLater({ open, onError }: OpenOptions): MaybeLate {
  const opened = Promise.withResolvers<void>();
  let store: Store | null = null;
  let closed = false;

  async function tryToOpen(): Promise<void> {
    while (!closed && store === null) {
      await delay(AGAIN_MS, undefined, { ref: false });
      const found = await open().catch((error: unknown) => {
        if (!isUnavailable(error)) onError(error);
        return null;
      });
      if (found === null) continue;
      if (closed) return found.close();
      store = found;
      opened.resolve();
    }
  }

  function call(name: OperationName, args: readonly unknown[]): Promise<unknown> {
    if (store === null) {
      return Promise.reject(
        new AppError("store:unavailable", "The database could not be reached yet", { retryAfter: 5 }),
      );
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by the compiler where the call was made
    const method = store[name] as (...all: readonly unknown[]) => Promise<unknown>;
    return method(...args);
  }

  void tryToOpen();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the registry has exactly these keys
  const names = Object.keys(operations) as OperationName[];
  const methods = names.map((name) => [name, (...args: unknown[]) => call(name, args)]);
  return {
    opened: opened.promise,
    store: {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is the call of that name
      ...(Object.fromEntries(methods) as Omit<Store, "close">),
      async close() {
        closed = true;
        await store?.close();
      },
    },
  };
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof AppError && error.code === "store:unavailable";
