const EDGES = 5;

/**
 * Milliseconds from performance.now()'s beginning to the epoch's. `performance.timeOrigin` is meant to be that, and was now and then
 * found to be up to some milliseconds off; so it is read where Date.now() goes on to its next millisecond.
 */
function clockOffset(): number {
  let offset = -Infinity;
  for (let edge = 0; edge < EDGES; edge += 1) {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    // Whatever came between makes it smaller, never larger.
    offset = Math.max(offset, now - performance.now());
  }
  return offset;
}

const OFFSET = clockOffset();

/** Milliseconds since the epoch, finer than Date.now(), and the same in every process of this machine. */
export const wallClock = (): number => OFFSET + performance.now();
