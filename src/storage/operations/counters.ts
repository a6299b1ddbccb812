import { prepare, type Connection } from "../connection.ts";
import type { CountersTable } from "../schema.ts";
import type { Store } from "../store.ts";

const add = prepare((db, input: { name: string; source: string; by: number }) =>
  db
    .insertInto("counters")
    .values({ name: input.name, source: input.source, value: input.by })
    .onConflict((conflict) =>
      conflict
        .columns(["name", "source"])
        .doUpdateSet((eb) => ({ value: eb("counters.value", "+", eb.ref("excluded.value")) })),
    ),
);

export async function count(connection: Connection, input: Parameters<Store["count"]>[0]): Promise<void> {
  await add.run(connection, input);
}

const all = prepare((db, _: object) => db.selectFrom("counters").selectAll());

/** Sorted here: databases differ in how they sort text. */
export async function counters(connection: Connection): Promise<readonly CountersTable[]> {
  const rows = await all.all(connection, {});
  const key = ({ name, source }: CountersTable): string => `${name}\0${source}`;
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
