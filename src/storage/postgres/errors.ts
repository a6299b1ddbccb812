import pg from "pg";
import { AppError } from "../../domain/errors.ts";
import { messageOf } from "../../lib/message-of.ts";

/** Seconds. */
const RETRY_AFTER = 5;

/** Two transactions were in each other's way: the one that was ended may simply be run again. */
export const isCollision = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === "40001" || error.code === "40P01");

/**
 * SQLSTATE classes and codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) that say something of the
 * database's state and nothing of the query: another try may succeed.
 */
const TEMPORARY = new RegExp(
  [
    "^08", // connection
    "^28", // the password or the rights have changed
    "^3D", // there is no such database (yet)
    "^53", // no disk, no memory, no connection left
    "^57", // shutting down, starting up, cancelled by a timeout
    "^58", // I/O
    "^XX", // corrupt, or broken
    "^25(P0[234]|006)$", // idle for too long; a standby that takes no writes
    "^55P03$", // a lock was not to be had
    "^40", // collided too often
  ].join("|"),
);

/** What the database or the way to it reports of itself is temporary to the caller; the rest is a fault of ours. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = messageOf(error);
  if (error instanceof pg.DatabaseError && !TEMPORARY.test(error.code ?? "")) {
    return new AppError("internal", `A database operation failed: ${message}`, { cause: error });
  }
  // Without a code it comes from the driver or from node: refused, reset, timed out, closed.
  return new AppError("store:unavailable", `The database can't be reached: ${message}`, {
    cause: error,
    retryAfter: RETRY_AFTER,
  });
}
