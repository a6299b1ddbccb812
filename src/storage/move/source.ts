import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { readBody } from "../sqlite/body-files.ts";
import { bodiesDir, openDatabase, openUnchanged } from "../sqlite/database.ts";
import { MOVE_OF, type MoveRow, moveRow } from "./move-record.ts";
import { createRowDigest, type Row, type TableDigest } from "./row-digest.ts";

/** The embedded database that a move begins with. Nobody else has it open meanwhile. */
export interface MoveSource {
  /** What is to be moved, in an order that never changes. */
  readonly tables: readonly string[];
  readonly move: MoveRow;
  count(table: string): number;
  /** Of tables with a sequence: the highest number that was ever given out. */
  readonly sequences: Readonly<Record<string, number>>;
  /** The rows after that one, and the place of the last of them. */
  batch(table: string, after: number, limits: BatchLimits): SourceBatch;
  /** Null: it is lost, or has been pruned. */
  body(ref: string): Uint8Array | null;
  digest(table: string, onRows: (rows: number) => void): SourceDigest;
  /** Puts it on record that the move is under way, done or given up; resolves with the id of the move. */
  mark(state: "under_way" | "done" | "cancelled", peer: string): string;
  close(): void;
}

export interface BatchLimits {
  readonly rows: number;
  /** Of bodies; one row is always taken. */
  readonly bytes: number;
}

export interface SourceDigest extends TableDigest {
  /** Deliveries whose body ought to be there and can't be read. */
  readonly lostBodies: number;
}

export interface SourceBatch {
  readonly rows: readonly Row[];
  /** Null at the end. */
  readonly last: number | null;
}

/** Live servers' own, and what is said of the move itself. */
const STAYING = new Set(["nodes", "moves"]);

const rowSchema = z.record(z.string(), z.unknown());
const placedRow = z.looseObject({ place: z.number() });

export interface OpenSourceOptions {
  readonly path: string;
  /** Leaves the file as it is, of however old a version. */
  readonly unchanged: boolean;
}

/** Throws `store:not_found`, `store:locked`, `store:too_new`. */
export function openSource({ path, unchanged }: OpenSourceOptions): MoveSource {
  if (!existsSync(path)) throw new AppError("store:not_found", `There is no database ${path}`);
  const { database, close } = unchanged ? openUnchanged(path) : openDatabase(path);
  const body = (ref: string): Uint8Array | null => (ref === "" ? null : readBody(bodiesDir(path), ref));
  const names = z
    .array(z.object({ name: z.string() }))
    .parse(
      database
        .prepare(
          "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'",
        )
        .all(),
    );
  const tables = names.map(({ name }) => name).toSorted();
  return {
    tables: tables.filter((name) => !STAYING.has(name)),
    get move() {
      return tables.includes("moves") ? moveRow.parse(database.prepare(MOVE_OF.source).get()) : undefined;
    },
    count: (table) => z.number().parse(database.prepare(`select count(*) from ${table}`).pluck().get()),
    get sequences() {
      const rows = database.prepare("select name, seq from sqlite_sequence").all();
      const parsed = z.array(z.object({ name: z.string(), seq: z.number() })).parse(rows);
      return Object.fromEntries(parsed.map(({ name, seq }) => [name, seq]));
    },
    batch: (table, after, limits) => readBatch(database, table, after, limits),
    body,
    digest: (table, onRows) => digestOf(database, table, { body, onRows }),
    mark: (state, peer) => mark(database, state, peer),
    close,
  };
}

function readBatch(
  database: Database,
  table: string,
  after: number,
  { rows: limit, bytes }: BatchLimits,
): SourceBatch {
  const rows: Row[] = [];
  let last: number | null = null;
  let size = 0;
  const query = `select rowid as place, * from ${table} where rowid > ? order by rowid limit ?`;
  for (const each of database.prepare(query).iterate(after, limit)) {
    const { place, ...row } = placedRow.parse(each);
    size += table === "deliveries" ? z.number().parse(row["body_size"]) : 0;
    if (rows.length > 0 && size > bytes) break;
    rows.push(row);
    last = place;
  }
  return { rows, last };
}

interface DigestOptions {
  readonly body: (ref: string) => Uint8Array | null;
  readonly onRows: (rows: number) => void;
}

const TELL_EVERY = 1_000;

function digestOf(database: Database, table: string, { body, onRows }: DigestOptions): SourceDigest {
  const digest = createRowDigest();
  let told = 0;
  let lostBodies = 0;

  /** In place of the reference, which differs between the databases, what it refers to. */
  function withBody({ body_ref: ref, ...row }: Row): Row {
    if (ref === undefined) return row;
    const bytes = body(z.string().parse(ref));
    if (bytes === null && ref !== "") lostBodies += 1;
    return { ...row, body: hashOf(bytes) };
  }

  for (const each of database.prepare(`select * from ${table}`).iterate()) {
    digest.add(withBody(rowSchema.parse(each)));
    told += 1;
    if (told % TELL_EVERY === 0) onRows(told);
  }
  return { ...digest.result(), lostBodies };
}

const hashOf = (body: Uint8Array | null): string | null =>
  body === null ? null : createHash("sha256").update(body).digest("hex");

/** The id stays: what an earlier, given up move has left in the target is known by it. */
function mark(database: Database, state: "under_way" | "done" | "cancelled", peer: string): string {
  const known = moveRow.parse(database.prepare(MOVE_OF.source).get());
  const id = known?.id ?? randomUUID();
  const now = new Date().toISOString();
  database
    .prepare(
      `insert into moves (role, id, state, peer, progress, started_at) values ('source', ?, ?, ?, '{}', ?)
       on conflict (role) do update set state = excluded.state, peer = excluded.peer,
         ended_at = case when excluded.state = 'under_way' then null else excluded.started_at end`,
    )
    .run(id, state, peer, now);
  return id;
}
