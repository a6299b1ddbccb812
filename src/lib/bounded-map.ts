/** A map that forgets: see createBoundedMap. */
export interface BoundedMap<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  /** Entries that are remembered now. */
  readonly size: number;
}

/**
 * Remembers at least the `room` keys used last and at most twice as many. Two generations: what is used moves to the young
 * one; when that is full, it becomes the old one, and what was in the old one and not used since is forgotten. Each call costs a
 * look-up or two, whatever others do.
 */
export function createBoundedMap<T>(room: number): BoundedMap<T> {
  let young = new Map<string, T>();
  let old = new Map<string, T>();

  function set(key: string, value: T): void {
    if (young.size >= room && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  }

  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const before = old.get(key);
      if (before === undefined) return undefined;
      old.delete(key);
      set(key, before);
      return before;
    },
    set,
    get size() {
      return young.size + old.size;
    },
  };
}
