import { existsSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { messageOf } from "../lib/message-of.ts";
import { SCHEMA_VERSION } from "./migrations/migrations.ts";
import { holdBodies } from "./backup/held-bodies.ts";
import { missingBodies } from "./backup/snapshot.ts";
import type { StoreLocation } from "./open.ts";
import { restoreMark } from "./sqlite/database.ts";

/** What can be seen of a store from outside, while a server may use it. */
export interface Inspected {
  /** What is wrong, in words; null: nothing. */
  readonly fault: string | null;
  /** Null: there is no database, or none of ours in it. */
  readonly schema: number | null;
  /** The schema that this program brings it to. */
  readonly newest: number;
  /** By how much this machine's clock is ahead of the database's; null for an embedded one, which has none. */
  readonly aheadMs: number | null;
  /** Deliveries whose bodies are not in their files any more. */
  readonly lostBodies: number;
}

const NOTHING: Inspected = {
  fault: null,
  schema: null,
  newest: SCHEMA_VERSION,
  aheadMs: null,
  lostBodies: 0,
};

/** Changes nothing, and never rejects. */
export async function inspectStore(location: StoreLocation): Promise<Inspected> {
  try {
    if (location.kind === "sqlite") return inspectFile(location.path);
    const { inspectPostgres } = await import("./postgres/inspect.ts");
    return { ...NOTHING, ...(await inspectPostgres(location.url)) };
  } catch (error) {
    return { ...NOTHING, fault: messageOf(error) };
  }
}

/** A larger one takes minutes to look through. */
const LOOKED_THROUGH = 1_000_000_000;

function inspectFile(path: string): Inspected {
  if (existsSync(restoreMark(path))) return { ...NOTHING, fault: "a restore of it did not come to its end" };
  if (!existsSync(path)) return NOTHING;
  const database = new Database(path, { readonly: true, timeout: 5_000 });
  try {
    const schema = Number(database.pragma("user_version", { simple: true }));
    const check =
      statSync(path).size > LOOKED_THROUGH ? "ok" : database.pragma("quick_check(1)", { simple: true });
    const fault = check === "ok" ? null : `it is damaged: ${String(check)}`;
    if (schema === 0) return { ...NOTHING, fault };
    // What a newer version means by a reference is not known.
    const readable = fault === null && schema <= SCHEMA_VERSION;
    return { ...NOTHING, schema, fault, lostBodies: readable ? lostBodies(path) : 0 };
  } finally {
    database.close();
  }
}

function lostBodies(path: string): number {
  const bodies = holdBodies(path);
  try {
    return missingBodies(path, bodies.holds).deliveries;
  } finally {
    bodies.close();
  }
}
