/** Where the URLs of a `jobserv` message begin on this server. */
export const JOBSERV_PREFIX = "/jobserv";
