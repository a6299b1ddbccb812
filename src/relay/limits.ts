/** Every bound of the relay that no option names. Bytes and milliseconds. */
export const RELAY_LIMITS = {
  /** Webhooks being received at once, over all channels, and the bytes that they may bring together. */
  receiving: 64,
  receivingBytes: 256 * 1024 * 1024,
  /** Deliveries that wait in one channel. */
  waiting: 10_000,
  /** Records of settled deliveries that are kept of one channel, without their bodies. */
  settled: 1_000,
  /** Longest time in which a whole request must have arrived. */
  requestMs: 30_000,
  headersMs: 15_000,
  headerBytes: 32 * 1024,
  /** An acknowledgement's body. */
  ackBytes: 4 * 1024,
  /** Readers at once, over all channels; of one channel there is one. */
  readers: 500,
  /** Deliveries that one reader has and has not acknowledged. */
  window: 8,
  /** A reader hears something at least so often. */
  pingMs: 15_000,
  /** A reader that takes nothing for so long is let go; it can come back with Last-Event-ID. */
  slowReaderMs: 60_000,
  /** A closing relay ends requests that are still going on after this. */
  closeMs: 5_000,
} as const;
