/** So many at once, and so many a second from then on. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TokenBucket {
  /** Whole and broken tokens. */
  tokens: number;
  /** When they were counted, in ms. */
  at: number;
}

export const fullBucket = (now: number, { burst }: Rate): TokenBucket => ({ tokens: burst, at: now });

/** Null when a token has been taken; else in how many seconds there will be one. */
export function takeToken(bucket: TokenBucket, now: number, rate: Rate): number | null {
  const wait = secondsToToken(bucket, now, rate);
  if (wait === null) bucket.tokens -= 1;
  return wait;
}

/** As takeToken, and takes none. */
export function secondsToToken(bucket: TokenBucket, now: number, { perSecond, burst }: Rate): number | null {
  // A clock that was put back must not take anything away.
  const passed = Math.max(0, now - bucket.at) / 1_000;
  bucket.tokens = Math.min(burst, bucket.tokens + passed * perSecond);
  bucket.at = now;
  return bucket.tokens >= 1 ? null : (1 - bucket.tokens) / perSecond;
}

/** For one that need not have been taken. */
export function giveBack(bucket: TokenBucket, { burst }: Rate): void {
  bucket.tokens = Math.min(burst, bucket.tokens + 1);
}
