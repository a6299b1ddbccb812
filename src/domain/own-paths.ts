import { JOBSERV_PREFIX } from "./jobserv-prefix.ts";

/** Where the deploy API takes webhooks. */
export const DEPLOY_PATH = "/1/deploy";

const FOLDERS = ["/api", "/ui", "/1", JOBSERV_PREFIX].map((path) => ({ path, below: `${path}/` }));
const PATHS: ReadonlySet<string> = new Set(["/healthz", "/metrics", "/readyz"]);

/**
 * Paths of the server itself: no source can have one, and one that takes every path (`/*`) does not get them. `/` is shared, see
 * routes/root.ts.
 */
export const isOwnPath = (path: string): boolean =>
  PATHS.has(path) || FOLDERS.some((folder) => path === folder.path || path.startsWith(folder.below));
