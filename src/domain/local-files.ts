/** Files beside the database by which tools of the server's own account find it. */
export const LOCAL_FILES = {
  /** An admin token. */
  token: "local-token",
  /**
   * The URL that the running server listens on, and in a second line that of its API where it has another: a URL, or
   * `unix:/PATH`. What a killed server left is out of date.
   */
  url: "local-url",
  /** The certificate of a server that speaks TLS. */
  certificate: "local-cert.pem",
} as const;
