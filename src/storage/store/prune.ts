/** What is not kept for ever, in the order in which it goes. */
export const PRUNABLE = ["bodies", "logs", "tasks", "deliveries", "audit"] as const;

export type Prunable = (typeof PRUNABLE)[number];

export interface PruneInput {
  readonly what: Prunable;
  /** What is older goes; RFC 3339. */
  readonly before: string;
  /** Bodies up to this `seq` go however old they are; 0: none. See fitBodies. */
  readonly upTo: number;
  /** Where the last batch ended; 0 at first. */
  readonly after: number;
  /** Rows to look at. */
  readonly limit: number;
  /** Removes nothing. */
  readonly dryRun: boolean;
}

export interface PruneBatch {
  /** Rows that were removed, or would be. */
  readonly removed: number;
  /** Of bodies among them. */
  readonly bytes: number;
  /** `after` of the next batch; null: there is nothing older. */
  readonly next: number | null;
}

/** Which bodies there is room for; `before` and `room` are those of the next call. */
export type Fit =
  | { readonly type: "fits" }
  | { readonly type: "more"; readonly before: number; readonly room: number }
  /** Not for those up to this `seq`. */
  | { readonly type: "beyond"; readonly upTo: number };

/** Making room. See Store. */
export interface PruneStore {
  /**
   * Removes a batch of what is old and in nobody's use: nothing of a task that has not ended, no row of a delivery or a task
   * that the memory of healthy revisions rests on. Null when another server does so at this moment.
   */
  prune(input: PruneInput): Promise<PruneBatch | null>;
  /** Goes through `limit` bodies, newest first. */
  fitBodies(input: {
    /** Only those of a lower `seq`. */
    readonly before: number;
    /** Bytes. */
    readonly room: number;
    readonly limit: number;
  }): Promise<Fit>;
  /** Gives the disk back what pruned bodies have taken, as far as that is not done by `prune`. */
  freeBodies(): Promise<void>;
}
