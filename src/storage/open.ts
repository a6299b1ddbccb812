import { createSqliteStore } from "./sqlite/client.ts";
import type { Store } from "./store.ts";

/**
 * Opens the embedded database in `path`, making the file and its folder where there is none.
 * Rejects AppError `store:locked` (another server has it), `store:too_new`, `store:unavailable`.
 */
export const openStore = ({ path }: { readonly path: string }): Promise<Store> => createSqliteStore(path);
