import { randomFillSync } from "node:crypto";

const RANDOM_BYTES = 10;
/** Randomness is bought in bulk: a system call per id would be most of its price. */
const pool = Buffer.alloc(RANDOM_BYTES * 256);
let used = pool.length;

let lastMs = 0;
/** `lastMs` as it is written: `01a20f2a-b297`. */
let lastTime = "";
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562, method 1): milliseconds, a 12-bit counter, randomness.
 * Within a process each is greater than the one before, also when the clock goes back.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMs) setTime(now);
  else if ((counter += 1) > 0xfff) setTime(lastMs + 1);
  const random = nextRandom();
  const group3 = (0x7000 | counter).toString(16);
  const group4 = (0x8000 | (random.readUInt16BE(0) & 0x3fff)).toString(16);
  return `${lastTime}-${group3}-${group4}-${random.toString("hex", 2, 8)}`;
}

function setTime(ms: number): void {
  lastMs = ms;
  counter = 0;
  const hex = ms.toString(16).padStart(12, "0");
  lastTime = `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

function nextRandom(): Buffer {
  if (used >= pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += RANDOM_BYTES;
  return pool.subarray(used - RANDOM_BYTES, used);
}
