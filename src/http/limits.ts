/** Every bound of the HTTP side that the settings do not name. Bytes and milliseconds. */
export const LIMITS = {
  /** Bodies of our own API. */
  apiBodyBytes: 1024 * 1024,
  /** Bodies on `POST /`, unless somebody whom it may be for takes more. */
  rootBodyBytes: 1024 * 1024,
  /** As body-parser's default, which K-App's server had. */
  kappBodyBytes: 100 * 1024,
  /** Request line and headers together. */
  headerBytes: 16 * 1024,
  /** Counted for each piece of a body beside its bytes, so that a body of a million 1-byte pieces is not nearly free. */
  chunkOverheadBytes: 256,
  /** After an early refusal the rest of the body is read and dropped up to here, so that the sender sees the answer. */
  drainBytes: 64 * 1024 * 1024,
  drainMs: 5000,
  /** How long the sender of a broken or late request may read its answer before the connection is torn down. */
  lingerMs: 2000,
  /** Longest time for the headers alone. */
  headersMs: 10_000,
  /** Longest time in which nothing of a body arrives. */
  bodyIdleMs: 10_000,
  /** An idle connection stays open; longer than the usual proxy's own 60 s. */
  keepAliveMs: 65_000,
  /** How often late requests are looked for: at most this, less where the settings ask for a short timeout. */
  timeoutCheckMs: 5000,
  /** `Retry-After` of a busy or closing server, in seconds. */
  retryAfterSeconds: 5,
  /** After this a closing server ends the requests that are still going on. */
  closeMs: 10_000,
  /** Of refused logins and requests, one event of the audit log is written for each network in so long; of all, so many. */
  auditQuietMs: 60_000,
  auditRefusals: 60,
  /** Failed logins from one address within the window; then 429. */
  failures: 20,
  failuresWindowMs: 60_000,
  /** Addresses that failures are remembered of. */
  failureAddresses: 10_000,
  /** Networks and sources that a rate limit remembers: those that have proved nothing, and those that have. */
  rateStrangers: 20_000,
  rateKnown: 5_000,
  /** How much more room those have that have proved who they are. */
  rateKnownFactor: 10,
  /** Failed logins of one user, from anywhere, within the window. */
  failuresOfUser: 100,
  /** How long `?wait` waits at most for a deployment. */
  deployWaitMs: 600_000,
  /** Followers of deploys at once, how long one may ask to follow, and how often new entries are looked for. */
  deployFollowers: 2_000,
  deployFollowMs: 3_600_000,
  /** `feed=longpoll` that names no `timeout`: less than the 60 s after which the usual proxy gives up. */
  longpollMs: 50_000,
  /** Entries that wait for one follower; it is let go then, and can come back with `since`. */
  deployInbox: 1_000,
  deployPollMs: 250,
  /** argon2 checks at once, and waiting for their turn. */
  passwordChecks: 2,
  passwordChecksWaiting: 32,
  /** Followers at once. */
  eventStreams: 500,
  heartbeatMs: 15_000,
  /** A follower that takes nothing for so long is let go; it can come back with Last-Event-ID. */
  slowReaderMs: 60_000,
  /** Between two rounds of the stream of everything; the changed tasks that one round sends one by one. */
  livePauseMs: 100,
  liveTasks: 50,
  /** Log entries read at once for each follower: a line may have 16 KiB, and there may be many followers. */
  logPage: 100,
} as const;
