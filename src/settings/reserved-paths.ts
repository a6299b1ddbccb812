/** Paths of the server itself, which no source can have. */
export const isReservedPath = (path: string): boolean =>
  path === "/api" || path.startsWith("/api/") || path === "/healthz" || path === "/readyz";
