export const HOLD_TYPES = ["approval", "freeze", "quiet", "travis_check", "travis"] as const;
export type HoldType = (typeof HOLD_TYPES)[number];

/**
 * Why a waiting task may not start yet. Meanwhile it is in nobody's way: it has no place in its concurrency group, and
 * what the group's policy says is done once it is let go. `quiet`: for others of its action to come, the last of which wins.
 * `travis_check`: to find out whether Travis CI tests its commit first; `travis`: for that.
 */
export interface Hold {
  readonly type: HoldType;
  /** RFC 3339. When it is looked at again: an approval that has not come by then is none; other holds end. */
  readonly until: string;
  /** A sentence for people. */
  readonly reason: string;
}

export type ApprovalDecision = "pending" | "approved" | "refused" | "expired";

/** Of a task that needs somebody's word before it may start. */
export interface Approval {
  /** Whoever has one of them may give it. */
  readonly scopes: readonly string[];
  readonly decision: ApprovalDecision;
  /** Who decided, and when; null while it is pending. Nobody decides that it expires. */
  readonly by: string | null;
  readonly at: string | null;
}
