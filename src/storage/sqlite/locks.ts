import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { AppError } from "../../domain/errors.ts";
import { openError } from "./open-error.ts";

/** How long a lock held by another process is waited for: a server that is just ending. */
export const BUSY_MS = 1_000;

/* Both locks are the operating system's, so a killed process leaves none behind. Each is on a file of its own, so that others
   may still read the database. */

const lockFile = (path: string): string => `${path}.lock`;
const claimFile = (path: string): string => `${path}.claim`;

/** One process per database. Throws AppError `store:locked` when another has the one at `path`. */
export function lockDatabase(path: string): Database.Database {
  const lock = tryToHold(lockFile(path));
  if (lock !== null) return lock;
  const pid = holderOf(path);
  const holder = pid === null ? "Another Hookwright" : `Another Hookwright (process ${pid})`;
  throw new AppError("store:locked", `${holder} has ${path} open; stop it first`);
}

/**
 * For a server: held for its life, from before it opens the database. A second server sees by it that the database is taken, a
 * command that works on the store by itself that it is wanted. Throws AppError `store:locked`, `store:unavailable`.
 */
export function claimDatabase(path: string): { release(): void } {
  const claim = openable(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return tryToHold(claimFile(path));
  });
  if (claim === null) {
    throw new AppError("store:locked", `Another Hookwright serves ${path} already; stop it first`);
  }
  return { release: () => void claim.close() };
}

/** Whether a server has the database, or waits for it. */
export function isClaimed(path: string): boolean {
  // Not made here: a server of another account could not use it.
  if (!existsSync(claimFile(path))) return false;
  const claim = openable(path, () => new Database(claimFile(path), { timeout: 0, readonly: true }));
  try {
    claim.prepare("select count(*) from sqlite_schema").get();
    return false;
  } catch (error) {
    if (!isBusy(error)) throw error;
    return true;
  } finally {
    claim.close();
  }
}

/** The process that has the database open; null: none, or this system does not tell. */
export function holderOf(path: string): number | null {
  try {
    const { ino } = statSync(lockFile(path));
    const held = new RegExp(String.raw` WRITE +(\d+) +\w+:\w+:${ino} `).exec(
      readFileSync("/proc/locks", "utf8"),
    );
    return held === null ? null : Number(held[1]);
  } catch {
    return null;
  }
}

/** Throws `store:unavailable` with the reason when the folder or the file can't be had. */
function openable<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw openError(path, error);
  }
}

/** Null when another process holds it. */
function tryToHold(file: string): Database.Database | null {
  const lock = new Database(file, { timeout: BUSY_MS });
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("begin exclusive");
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    return null;
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
