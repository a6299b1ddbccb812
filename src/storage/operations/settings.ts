import { prepare, type Connection } from "../connection.ts";
import type { Store } from "../store.ts";

const save = prepare((db, input: { digest: string; text: string; now: string }) =>
  db
    .insertInto("settings")
    .values({ digest: input.digest, text: input.text, saved_at: input.now })
    .onConflict((conflict) => conflict.column("digest").doNothing()),
);

export async function saveSettings(
  connection: Connection,
  input: Parameters<Store["saveSettings"]>[0],
): Promise<void> {
  await save.run(connection, input);
}

const byDigest = prepare((db, { digest }: { digest: string }) =>
  db.selectFrom("settings").select("text").where("digest", "=", digest),
);

export async function getSettings(connection: Connection, digest: string): Promise<string | null> {
  return (await byDigest.first(connection, { digest }))?.text ?? null;
}
