/** Folders and paths for those who run the server; with `server.admin` they are on its listener alone. */
const ADMIN = ["/api", "/ui", "/healthz", "/readyz", "/metrics"] as const;

/** `path` without a query. */
export const isAdminPath = (path: string): boolean =>
  ADMIN.some((each) => path === each || path.startsWith(`${each}/`));
