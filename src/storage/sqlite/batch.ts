import Database from "better-sqlite3";
import { AppError } from "../../domain/errors.ts";
import type { Connection } from "../connection.ts";
import type { BodyFiles } from "./body-files.ts";
import { invoke, isRead } from "../operations/registry.ts";
import { toWireError, type Call, type CallResult } from "./messages.ts";
import { messageOf } from "../../lib/message-of.ts";

export interface BatchOptions {
  readonly database: Database.Database;
  readonly connection: Connection;
  readonly bodies: Pick<BodyFiles, "sync" | "discard">;
}

/**
 * Runs calls in order as one transaction, so that they share one fsync. A call that fails is undone alone;
 * when the commit fails, all writes have failed.
 */
export async function runBatch(options: BatchOptions, calls: readonly Call[]): Promise<CallResult[]> {
  // A batch of nothing but reads needs no transaction, and no fsync.
  if (calls.every(({ name }) => isRead(name))) return runAll(options, calls, runCall);
  // A savepoint for each call keeps a copy of every page it changes, which costs more than the call. Calls seldom fail:
  // only where one did are all done again, each in a savepoint.
  return (
    (await runTransaction(options, calls, runOrThrow).catch(() => null)) ??
    runTransaction(options, calls, runInSavepoint).catch((error: unknown) => {
      const failed = { ok: false, error: toWireError(toAppError(error)) } as const;
      return runAll(options, calls, async (_, call) => (isRead(call.name) ? runCall(options, call) : failed));
    })
  );
}

/** Rejects when nothing of it was done. */
async function runTransaction(
  options: BatchOptions,
  calls: readonly Call[],
  run: Run,
): Promise<CallResult[]> {
  const { database, bodies } = options;
  try {
    database.exec("begin immediate");
    const results = await runAll(options, calls, run);
    // Before the rows that refer to them.
    bodies.sync();
    database.exec("commit");
    return results;
  } catch (error) {
    bodies.discard();
    if (database.inTransaction) database.exec("rollback");
    throw error;
  }
}

type Run = (options: BatchOptions, call: Call) => Promise<CallResult>;

async function runAll(options: BatchOptions, calls: readonly Call[], run: Run): Promise<CallResult[]> {
  const results: CallResult[] = [];
  for (const call of calls) results.push(await run(options, call));
  return results;
}

async function runCall({ connection }: BatchOptions, { name, args }: Call): Promise<CallResult> {
  try {
    return { ok: true, value: await invoke(name, connection, args) };
  } catch (error) {
    return { ok: false, error: toWireError(toAppError(error)) };
  }
}

async function runOrThrow(options: BatchOptions, call: Call): Promise<CallResult> {
  return { ok: true, value: await invoke(call.name, options.connection, call.args) };
}

/** Throws only when the whole transaction is gone. */
async function runInSavepoint(options: BatchOptions, call: Call): Promise<CallResult> {
  const { database, connection } = options;
  if (isRead(call.name)) return runCall(options, call);
  await connection.execute("savepoint one", []);
  const result = await runCall(options, call);
  if (!database.inTransaction) throw new AppError("store:unavailable", failureOf(result));
  if (!result.ok) await connection.execute("rollback to one", []);
  await connection.execute("release one", []);
  return result;
}

const failureOf = (result: CallResult): string | undefined => (result.ok ? undefined : result.error.message);

/** What the database reports of itself (full, unreadable, busy) is temporary to the caller; the rest is a fault of ours. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = messageOf(error);
  if (
    error instanceof Database.SqliteError &&
    !/^SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE)/.test(error.code)
  ) {
    return new AppError("store:unavailable", `The database failed: ${message}`, { cause: error });
  }
  // Of the files: no space, no permission, a broken disk.
  if (error instanceof Error && "syscall" in error) {
    return new AppError("store:unavailable", `The store failed: ${message}`, { cause: error });
  }
  return new AppError("internal", `A database operation failed: ${message}`, { cause: error });
}
