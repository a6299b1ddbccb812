/** How much there is to do. */
export interface QueueStats {
  /** Tasks that may start. */
  readonly waiting: number;
  /** Tasks that may not start yet: approval, freeze, tests, debounce. */
  readonly held: number;
  /** Running and cancelling ones, on whatever node. */
  readonly running: number;
  /** When the first of those that may start was stored; RFC 3339. Null: none waits. */
  readonly oldestAt: string | null;
}
