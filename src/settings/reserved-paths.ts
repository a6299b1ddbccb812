import { JOBSERV_PREFIX } from "../domain/jobserv-prefix.ts";

/** Where the deploy API takes webhooks. */
export const DEPLOY_PATH = "/1/deploy";

/** Paths of the server itself, which no source can have. */
export const isReservedPath = (path: string): boolean =>
  /^\/(api|ui)(\/|$)/.test(path) ||
  path === JOBSERV_PREFIX ||
  path.startsWith(`${JOBSERV_PREFIX}/`) ||
  path === "/1" ||
  path.startsWith("/1/") ||
  path === "/healthz" ||
  path === "/metrics" ||
  path === "/readyz";
