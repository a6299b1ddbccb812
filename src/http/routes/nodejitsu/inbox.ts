/** What waits to be taken, by one who takes and waits. */
export interface Inbox<T> {
  put(items: readonly T[]): void;
  take(): T | undefined;
  /** Something else has happened that whoever waits must look at. */
  wake(): void;
  /** True when there may be something to take, or it was woken; false after `ms`. */
  wait(ms: number): Promise<boolean>;
}

/** @param onFull more than `limit` would wait: whoever takes is too slow */
export function createInbox<T>(limit: number, onFull: () => void): Inbox<T> {
  const waiting: T[] = [];
  let woken = false;
  let resume = (): void => undefined;

  function wake(): void {
    woken = true;
    resume();
  }

  return {
    put(items) {
      const room = limit - waiting.length;
      waiting.push(...items.slice(0, room));
      if (items.length > room) onFull();
      wake();
    },
    take: () => waiting.shift(),
    wake,
    async wait(ms) {
      if (!woken && waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        resume = resolve;
        await promise;
        clearTimeout(timer);
      }
      const found = woken || waiting.length > 0;
      woken = false;
      return found;
    },
  };
}
