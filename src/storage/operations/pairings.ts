import { prepare, type Connection } from "../connection.ts";
import type { ReportStore } from "../store.ts";

const byName = prepare((db, { name }: { name: string }) =>
  db.selectFrom("pairings").selectAll().where("name", "=", name),
);
const all = prepare((db, _: object) => db.selectFrom("pairings").selectAll().orderBy("name"));

const put = prepare((db, input: { name: string; sealed: string; now: string }) =>
  db
    .insertInto("pairings")
    .values({ name: input.name, sealed: input.sealed, created_at: input.now })
    .onConflict((conflict) =>
      conflict.column("name").doUpdateSet((eb) => ({
        sealed: eb.ref("excluded.sealed"),
        created_at: eb.ref("excluded.created_at"),
      })),
    ),
);

const replace = prepare((db, input: { name: string; was: string; sealed: string }) =>
  db
    .updateTable("pairings")
    .set({ sealed: input.sealed })
    .where("name", "=", input.name)
    .where("sealed", "=", input.was),
);

export async function getPairing(connection: Connection, name: string): Promise<string | null> {
  return (await byName.first(connection, { name }))?.sealed ?? null;
}

export async function putPairing(
  connection: Connection,
  input: Parameters<ReportStore["putPairing"]>[0],
): Promise<void> {
  await put.run(connection, input);
}

export async function listPairings(connection: Connection): ReturnType<ReportStore["listPairings"]> {
  return (await all.all(connection, {})).map(({ name, sealed }) => ({ name, sealed }));
}

/** See ReportStore. */
export async function replacePairing(
  connection: Connection,
  input: Parameters<ReportStore["replacePairing"]>[0],
): Promise<boolean> {
  return (await replace.run(connection, input)) > 0;
}
