export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `cursor` to get the next page; null at the end. */
  readonly next: string | null;
}
