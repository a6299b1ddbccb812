import type { SourceKindName } from "./event.ts";

/** `accepted`: stored, and its actions started. `rejected`: authentic, but could not be used (why: `reason`). */
export type Verdict = "accepted" | "rejected";

/** Of every answer; kept with the delivery, so that what a sender was told leads to it. */
export const REQUEST_ID_HEADER = "x-api-uuid";

/** One authentic webhook request, as it was stored before it was answered. */
export interface Delivery {
  /** Ours; a UUID v7. */
  readonly id: string;
  readonly source: string;
  readonly kind: SourceKindName;
  /** The sender's own delivery id, or null where it has none. */
  readonly senderId: string | null;
  /** The sender's event name. */
  readonly event: string;
  /** Allowlisted request headers only, lower-case names; and REQUEST_ID_HEADER with what the sender was told. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string | null;
  readonly bodySize: number;
  readonly verdict: Verdict;
  readonly reason: string | null;
  /** The delivery that this one replays. */
  readonly replayOf: string | null;
  /** RFC 3339 UTC with milliseconds. */
  readonly receivedAt: string;
  readonly remoteAddress: string | null;
}

/** Why one trigger rule of one action did or did not start it. */
export interface RuleReason {
  readonly action: string;
  /** Index in the action's `on` list. */
  readonly rule: number;
  readonly matched: boolean;
  /** The first test that failed, or null: `source`, `event`, `branch`, `when` … */
  readonly failed: string | null;
  /** A sentence for people. */
  readonly explanation: string;
}
