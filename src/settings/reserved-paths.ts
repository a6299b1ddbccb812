import { JOBSERV_PREFIX } from "../domain/jobserv-prefix.ts";

/** Paths of the server itself, which no source can have. */
export const isReservedPath = (path: string): boolean =>
  /^\/(api|ui)(\/|$)/.test(path) ||
  path === JOBSERV_PREFIX ||
  path.startsWith(`${JOBSERV_PREFIX}/`) ||
  path === "/healthz" ||
  path === "/readyz";
