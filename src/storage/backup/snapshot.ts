import { closeSync, existsSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { messageOf } from "../../lib/message-of.ts";
import { MOVE_OF, moveRow, refuseMoved } from "../move/move-record.ts";
import { bodiesDir } from "../sqlite/database.ts";
import type { Manifest } from "./manifest.ts";

/** What a snapshot holds. */
export type Contents = Pick<Manifest, "schema" | "deliveries" | "waiting" | "running">;

const BUSY_MS = 30_000;

/**
 * Copies the database at `path` as it is at one moment into a new file, while a server may go on writing to it.
 * Throws `store:not_found`, `store:moved`, `store:moving`, `store:unavailable`.
 */
export function takeSnapshot(path: string, to: string): Contents {
  if (!existsSync(path)) throw new AppError("store:not_found", `There is no database ${path}`);
  const source = open(path);
  try {
    refuseMoved(moveRow.parse(source.prepare(MOVE_OF.source).get()), path);
    // Made first with these rights: it holds what the database holds.
    closeSync(openSync(to, "wx", 0o600));
    source.prepare("vacuum into ?").run(to);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("store:unavailable", `${path} can't be copied: ${messageOf(error)}`, { cause: error });
  } finally {
    source.close();
  }
  return contentsOf(to);
}

/** What the copy holds. Throws `backup:invalid` when it is damaged. */
export function contentsOf(path: string): Contents {
  const database = open(path);
  try {
    const found = database.pragma("integrity_check", { simple: true });
    if (found !== "ok") throw new Error(String(found));
    const count = (query: string): number => z.number().parse(database.prepare(query).pluck().get());
    return {
      schema: Number(database.pragma("user_version", { simple: true })),
      deliveries: count("select count(*) from deliveries"),
      waiting: count("select count(*) from tasks where state = 'ENQUEUED'"),
      running: count("select count(*) from tasks where state in ('RUNNING', 'CANCELLING')"),
    };
  } catch (error) {
    throw new AppError("backup:invalid", `The copy of the database is damaged: ${messageOf(error)}`);
  } finally {
    database.close();
  }
}

const open = (path: string): Database.Database =>
  new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });

/** The files of bodies, with the bytes that are in each now. */
export function bodyFiles(path: string): readonly { readonly file: string; readonly bytes: number }[] {
  const dir = bodiesDir(path);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => /^\d{8}$/.test(name))
    .toSorted()
    .map((name) => ({ file: join(dir, name), bytes: statSync(join(dir, name)).size }));
}
