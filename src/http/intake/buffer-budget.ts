/** Bounds the bytes of all bodies that are being held at once. */
export interface BufferBudget {
  /** False when it would go beyond the bound; nothing is taken then. */
  take(bytes: number): boolean;
  release(bytes: number): void;
  /** Bytes taken now. */
  readonly used: number;
}

/** `limit` is asked each time, so that reloaded settings count at once. */
export function createBufferBudget(limit: () => number): BufferBudget {
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > limit()) return false;
      used += bytes;
      return true;
    },
    release(bytes) {
      used -= bytes;
    },
    get used() {
      return used;
    },
  };
}
