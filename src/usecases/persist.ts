import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

/**
 * Does a write that must not be given up on while the process lives: what a task has done has to be on record.
 * Tries again while the store is unavailable; any other error is thrown. `signal`: for what may be left to the next server.
 */
export async function persist<T>(write: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof AppError && error.code === "store:unavailable")) throw error;
      // An aborted pause ends at once, and the error is the store's.
      await delay(wait, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted === true) throw error;
    }
  }
}
