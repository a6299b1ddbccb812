/** One webhook request as it came to a channel. */
export interface RelayedDelivery {
  /** UUID v7. */
  readonly id: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly receivedAt: string;
  /** Without the `?`. */
  readonly query: string;
  /** Those of the allowlist, lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The same with its place in the relay: it ascends within a channel. */
export interface StoredRelayed extends RelayedDelivery {
  readonly seq: number;
}

/** Header of a reader's request that asks for the exact bytes, and for acknowledging each delivery; smee clients have none. */
export const FORMAT_HEADER = "x-hookwright-format";
export const EXACT = "exact";
