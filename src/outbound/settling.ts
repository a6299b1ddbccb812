import { setTimeout as delay } from "node:timers/promises";
import type { SettledMessage, Store } from "../storage/store.ts";

/** Records what came of attempts, many in one transaction: those that come while one is under way go together in the next. */
export interface Settling {
  /** Resolves when it is stored, or has been given up because the process ends. */
  add(result: SettledMessage): Promise<void>;
  /** Resolves when nothing is left to store. */
  idle(): Promise<void>;
}

export interface SettlingOptions {
  readonly store: Pick<Store, "settleMessages">;
  readonly node: string;
  readonly onStored: () => void;
  readonly onError: (error: unknown) => void;
}

const AGAIN_MS = 1_000;
/** After that the leases are over, and others send again what is not on record. */
const MAX_TRIES = 30;

export function createSettling({ store, node, onStored, onError }: SettlingOptions): Settling {
  let waiting: { readonly result: SettledMessage; readonly done: () => void }[] = [];
  let storing: Promise<void> | null = null;

  async function storeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await storeBatch(batch.map(({ result }) => result));
      for (const { done } of batch) done();
      onStored();
    }
    storing = null;
  }

  async function storeBatch(results: readonly SettledMessage[]): Promise<void> {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      try {
        return await store.settleMessages({ node, results });
      } catch (error) {
        onError(error);
        await delay(AGAIN_MS, undefined, { ref: false });
      }
    }
    return undefined;
  }

  return {
    add: (result) =>
      new Promise((done) => {
        waiting.push({ result, done });
        storing ??= storeAll();
      }),
    async idle() {
      await (storing ?? Promise.resolve());
    },
  };
}
