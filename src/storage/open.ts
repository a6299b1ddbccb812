import { createSqliteStore } from "./sqlite/client.ts";
import type { Store } from "./store.ts";

/** Where a store is: the path of the embedded database's file, or the URL of a PostgreSQL database. */
export type StoreLocation =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/**
 * Opens the database, making the embedded one's file and its folder where there is none, and brings it to the newest schema.
 * Rejects AppError `store:locked` (another server has the embedded one), `store:moving`, `store:moved`, `store:too_new`,
 * `store:unavailable`.
 */
export async function openStore(location: StoreLocation): Promise<Store> {
  if (location.kind === "sqlite") return createSqliteStore(location.path);
  const { createPostgresStore } = await import("./postgres/store.ts");
  return createPostgresStore({ url: location.url });
}
