import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { AppError } from "../../domain/errors.ts";
import { SCHEMA_VERSION, statementsSince } from "../migrations/migrations.ts";
import { BUSY_MS, lockDatabase } from "./locks.ts";

/** Where the bodies of the database at `path` lie. */
export const bodiesDir = (path: string): string => `${path}.bodies`;

/** There while a backup is put in the place of the database at `path`, and after a restore that was cut short. */
export const restoreMark = (path: string): string => `${path}.restore-unfinished`;

function refuseUnfinished(path: string): void {
  if (!existsSync(restoreMark(path))) return;
  throw new AppError(
    "store:restoring",
    `A restore of ${path} did not come to its end: run \`hookwright backup restore FILE --force\` again; what was there before is beside it, under a name with "before"`,
  );
}

export interface OpenDatabase {
  readonly database: Database.Database;
  close(): void;
}

/** Opens the file for this process alone, brings it to the newest schema. Throws AppError `store:*`. */
export function openDatabase(path: string): OpenDatabase {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = lockDatabase(path);
  try {
    refuseUnfinished(path);
    // Made first with these rights: what SQLite puts beside it takes them over.
    closeSync(openSync(path, "a", 0o600));
    const database = new Database(path, { timeout: BUSY_MS });
    configure(database);
    migrate(database);
    return {
      database,
      close() {
        database.pragma("wal_checkpoint(TRUNCATE)");
        database.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** The same for a file that is there, without changing anything in it. Throws AppError `store:locked`. */
export function openUnchanged(path: string): OpenDatabase {
  const lock = lockDatabase(path);
  try {
    const database = new Database(path, { timeout: BUSY_MS, fileMustExist: true, readonly: true });
    return {
      database,
      close() {
        database.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

function configure(database: Database.Database): void {
  database.pragma("journal_mode = WAL");
  // A delivery that has been acknowledged is on disk, whatever happens next.
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  database.pragma("wal_autocheckpoint = 4000");
}

function migrate(database: Database.Database): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  const statements = statementsSince(version, {
    serial: "integer primary key autoincrement",
    dialect: "sqlite",
  });
  if (statements.length === 0) return;
  database.transaction(() => {
    for (const statement of statements) database.exec(statement);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}
