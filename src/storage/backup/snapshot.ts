import { closeSync, existsSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { messageOf } from "../../lib/message-of.ts";
import { MOVE_OF, moveRow, refuseMoved } from "../move/move-record.ts";
import { placeOfBody } from "../sqlite/body-files.ts";
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
    // Either may be at fault: a disk is full where the copy goes.
    throw new AppError(
      "store:unavailable",
      `${path} can't be copied into ${dirname(to)}: ${messageOf(error)}`,
      { cause: error },
    );
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

/** Bodies that are referred to, and not there. */
export interface Missing {
  readonly deliveries: number;
  /** The files that they should be in, which are gone or too short. */
  readonly files: readonly string[];
}

/** What deliveries refer to, and is not there. `holds`: whether a file of that name has so many bytes. */
export function missingBodies(path: string, holds: (file: string, bytes: number) => boolean): Missing {
  const database = open(path);
  try {
    let deliveries = 0;
    const files = new Set<string>();
    const refs = database.prepare("select body_ref from deliveries where body_ref <> ''").pluck();
    for (const ref of refs.iterate()) {
      const { file, end } = placeOfBody(z.string().parse(ref));
      if (holds(file, end)) continue;
      deliveries += 1;
      files.add(file);
    }
    return { deliveries, files: [...files].toSorted() };
  } finally {
    database.close();
  }
}

/** So many files are named in a message; the details have all. */
const NAMED = 5;

/** What nobody should take for a whole backup. */
export function incomplete({ deliveries, files }: Missing, what: string): AppError {
  const named = files.slice(0, NAMED).join(", ") + (files.length > NAMED ? " …" : "");
  return new AppError(
    "backup:incomplete",
    `${what}: bodies of deliveries that are missing: ${deliveries}, for their files are gone or too short: ${named}. \`backup create\` and \`backup restore\` go on without them with \`--allow-missing\``,
    { details: { missing: deliveries, files } },
  );
}
