import type Database from "better-sqlite3";
import {
  DummyDriver,
  Kysely,
  type SelectModifierNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Bodies, Connection, QueryOutcome } from "../connection.ts";
import type { Schema } from "../schema.ts";

/** Queries of changing shape (lists of ids) must not fill the memory with statements. */
const MAX_STATEMENTS = 500;

/** Writers come one after the other here: rows need no locks, and the database knows none. */
class CompilerWithoutLocks extends SqliteQueryCompiler {
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier === "Distinct") super.visitSelectModifier(node);
  }
}

/** Runs queries at once, in this thread; the promise is for the other database's sake. */
export function createSqliteConnection(database: Database.Database, bodies: Bodies): Connection {
  const statements = new Map<string, Database.Statement>();

  function statementFor(sql: string): Database.Statement {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  function executeNow(sql: string, parameters: readonly unknown[]): QueryOutcome {
    const statement = statementFor(sql);
    if (statement.reader) return { rows: statement.all(...parameters), changes: 0 };
    return { rows: [], changes: statement.run(...parameters).changes };
  }

  return {
    builder: new Kysely<Schema>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new CompilerWithoutLocks(),
      },
    }),
    bodies,
    lock: async () => undefined,
    tryLock: async () => true,
    jobs: { add: async () => undefined, handOn: async () => undefined, release: async () => undefined },
    clock: async () => new Date(),
    async execute(sql, parameters) {
      return executeNow(sql, parameters);
    },
  };
}
