/** Tells watchers in this process that something about a task has been stored. */
export interface Hub {
  /** Returns the function that ends the watching. */
  watch(taskId: string, onChange: () => void): () => void;
  notify(taskId: string): void;
}

export function createHub(): Hub {
  const watchers = new Map<string, Set<() => void>>();

  function unwatch(taskId: string, entry: () => void): void {
    const entries = watchers.get(taskId);
    entries?.delete(entry);
    if (entries?.size === 0) watchers.delete(taskId);
  }

  return {
    watch(taskId, onChange) {
      // Wrapped, so that the same function given twice is two watchers.
      const entry = (): void => onChange();
      const entries = watchers.get(taskId) ?? new Set();
      watchers.set(taskId, entries.add(entry));
      return () => unwatch(taskId, entry);
    },
    notify(taskId) {
      for (const entry of watchers.get(taskId) ?? []) entry();
    },
  };
}
