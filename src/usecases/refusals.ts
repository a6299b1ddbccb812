import type { Store } from "../storage/store.ts";

/**
 * Counts refused requests in memory and stores the sums now and then: a request that proves nothing about
 * its sender must not be able to cause a write.
 */
export interface Refusals {
  count(entry: { readonly name: string; readonly source: string }): void;
  /** Stores what has been counted since. Keeps it for the next time when the store fails. */
  flush(): Promise<void>;
}

export function createRefusals(store: Pick<Store, "count">): Refusals {
  const counts = new Map<string, { name: string; source: string; by: number }>();

  function add(name: string, source: string, by: number): void {
    const key = JSON.stringify([name, source]);
    const entry = counts.get(key) ?? { name, source, by: 0 };
    counts.set(key, { ...entry, by: entry.by + by });
  }

  return {
    count: ({ name, source }) => add(name, source, 1),
    async flush() {
      const entries = [...counts.values()];
      counts.clear();
      const storeOne = async (entry: (typeof entries)[number]): Promise<void> => {
        try {
          await store.count(entry);
        } catch (error) {
          add(entry.name, entry.source, entry.by);
          throw error;
        }
      };
      await Promise.all(entries.map(storeOne));
    },
  };
}
