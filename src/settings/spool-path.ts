import { join } from "node:path";

/** The database of what a server keeps on its own disk while its store is away. */
export const spoolPath = (dataDir: string): string => join(dataDir, "spool.db");
