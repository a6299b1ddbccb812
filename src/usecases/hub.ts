/** In the place of a task's id: deliveries, and with them tasks that wait, have come. */
export const DELIVERIES = "deliveries";

/** The same: something has been recorded in the audit log. */
export const AUDIT = "audit";

/** The same: what endpoints are told, or how they take it, has changed. */
export const MESSAGES = "messages";

/** Tells watchers that something about a task has been stored. */
export interface Hub {
  /** Returns the function that ends the watching. */
  watch(taskId: string, onChange: () => void): () => void;
  /**
   * Every change of any task, by its id, and DELIVERIES, AUDIT and MESSAGES; null: there may have been some of any kind.
   * Returns the function that ends the watching.
   */
  watchAll(onChange: (id: string | null) => void): () => void;
  /** To be called where it was stored; watchers on other nodes are told too. */
  notify(taskId: string): void;
  /** Another node has stored something. */
  receive(taskId: string): void;
  /** News from other nodes may have been missed: every watcher looks again. */
  receiveAll(): void;
}

export interface HubOptions {
  /** Tells the other nodes; at most once in a while for each task. */
  readonly broadcast?: ((taskIds: readonly string[]) => void) | undefined;
}

/** So long news for other nodes are gathered: a task that prints a thousand lines is one piece of news. */
const GATHER_MS = 50;

export function createHub({ broadcast }: HubOptions = {}): Hub {
  const watchers = new Map<string, Set<() => void>>();
  const watchersOfAll = new Set<(id: string | null) => void>();
  const gathered = new Set<string>();

  function unwatch(taskId: string, entry: () => void): void {
    const entries = watchers.get(taskId);
    entries?.delete(entry);
    if (entries?.size === 0) watchers.delete(taskId);
  }

  function receive(taskId: string): void {
    for (const entry of watchers.get(taskId) ?? []) entry();
    for (const entry of watchersOfAll) entry(taskId);
  }

  function gather(taskId: string, tell: (taskIds: readonly string[]) => void): void {
    if (gathered.size === 0) {
      setTimeout(() => {
        tell([...gathered]);
        gathered.clear();
      }, GATHER_MS);
    }
    gathered.add(taskId);
  }

  return {
    watch(taskId, onChange) {
      // Wrapped, so that the same function given twice is two watchers.
      const entry = (): void => onChange();
      const entries = watchers.get(taskId) ?? new Set();
      watchers.set(taskId, entries.add(entry));
      return () => unwatch(taskId, entry);
    },
    watchAll(onChange) {
      const entry = (id: string | null): void => onChange(id);
      watchersOfAll.add(entry);
      return () => void watchersOfAll.delete(entry);
    },
    notify(taskId) {
      receive(taskId);
      if (broadcast !== undefined) gather(taskId, broadcast);
    },
    receive,
    receiveAll() {
      for (const entries of watchers.values()) for (const entry of entries) entry();
      for (const entry of watchersOfAll) entry(null);
    },
  };
}
