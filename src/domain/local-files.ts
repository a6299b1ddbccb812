/** Files beside the database by which tools of the server's own account find it. */
export const LOCAL_FILES = {
  /** An admin token. */
  token: "local-token",
  /** The URL that the running server listens on; what a killed server left is out of date. */
  url: "local-url",
} as const;
