/** A hook of a source at its sender. */
export interface RecoveryKey {
  readonly source: string;
  /** What the sender calls the hook's owner: `/repos/o/r`. */
  readonly hook: string;
}

/** A delivery that the sender says it has made and that has not been accepted here. */
export interface MissedDelivery {
  /** See Delivery.senderId. */
  readonly senderId: string;
  /** What the sender's API calls it. */
  readonly remoteId: string;
  readonly event: string;
  /** How often it has been asked for. */
  readonly attempts: number;
}

export interface RecoveryState extends RecoveryKey {
  readonly startedAt: string | null;
  /** Null while the first round is under way. */
  readonly endedAt: string | null;
  /** Why the last round did not get to its end. */
  readonly error: string | null;
  /** In the last round. */
  readonly found: number;
  readonly asked: number;
  /** Of all that were missed in the last 30 days: those that have come in since, may still be asked for, and may not. */
  readonly cameIn: number;
  readonly open: number;
  readonly givenUp: number;
}

/** Deliveries that a sender could not bring, and what is done about them. See Store. */
export interface RecoveryStore {
  /**
   * Begins a round of recovery, unless another live node is at it or the last one began at `startedBefore` or later: then
   * null. `since`: how far the hook's deliveries have been looked through.
   */
  beginRecovery(
    input: RecoveryKey & { readonly node: string; readonly now: string; readonly startedBefore: string },
  ): Promise<{ readonly since: string | null } | null>;
  /** Which of these have been accepted, or repeated one that was. */
  acceptedAmong(input: {
    readonly source: string;
    readonly senderIds: readonly string[];
  }): Promise<readonly string[]>;
  /** Remembers what was missed, and how far has been looked. What is known already stays as it is. */
  noteMissed(
    input: RecoveryKey & {
      readonly since: string;
      readonly now: string;
      readonly missed: readonly Omit<MissedDelivery, "attempts">[];
    },
  ): Promise<void>;
  /** What may be asked for now and has not been accepted meanwhile, in the order in which it was noted. */
  dueMissed(
    input: RecoveryKey & { readonly now: string; readonly limit: number },
  ): Promise<readonly MissedDelivery[]>;
  /**
   * To be called before each request for a delivery, so that no crash lets it be asked for once more. False when somebody
   * else has asked meanwhile. `nextAt`: see the table.
   */
  noteAsking(input: {
    readonly source: string;
    readonly missed: MissedDelivery;
    readonly nextAt: string | null;
  }): Promise<boolean>;
  /** What became of a request for a delivery that failed; the missed one's `attempts` are what they are to be. */
  noteRefusal(input: {
    readonly source: string;
    readonly missed: Pick<MissedDelivery, "senderId" | "attempts">;
    readonly nextAt: string | null;
    readonly error: string;
  }): Promise<void>;
  /** Also notes which of those that were missed have come in. */
  endRecovery(
    input: RecoveryKey & {
      readonly node: string;
      readonly now: string;
      readonly found: number;
      readonly asked: number;
      readonly error: string | null;
    },
  ): Promise<void>;
  recoveryStates(): Promise<readonly RecoveryState[]>;
}
