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

const all = prepare((db, _: object) =>
  db.selectFrom("counters").selectAll().orderBy("name").orderBy("source"),
);

export const counters = (connection: Connection): Promise<readonly CountersTable[]> =>
  all.all(connection, {});
