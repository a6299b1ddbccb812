/**
 * Calls `write` at most once per `ms` and one at a time, always with the newest value in the end.
 * What `write` rejects with is dropped: it is for values that the next write makes good.
 */
export function throttle<T>(ms: number, write: (value: T) => Promise<void>): (value: T) => void {
  let waiting: { readonly value: T } | null = null;
  let busy = false;

  function next(): void {
    busy = false;
    if (waiting !== null) start(waiting.value);
  }

  function start(value: T): void {
    busy = true;
    waiting = null;
    const pause = new Promise<void>((resolve) => {
      setTimeout(resolve, ms).unref();
    });
    void Promise.allSettled([write(value), pause]).then(next);
  }

  return (value) => {
    if (busy) waiting = { value };
    else start(value);
  };
}
