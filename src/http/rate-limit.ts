import { AppError } from "../domain/errors.ts";
import { type BoundedMap, createBoundedMap } from "../lib/bounded-map.ts";
import { networkOf } from "../lib/networks.ts";
import {
  fullBucket,
  giveBack,
  type Rate,
  secondsToToken,
  takeToken,
  type TokenBucket,
} from "../lib/token-bucket.ts";
import type { RateLimits } from "../settings/settings.ts";
import { LIMITS } from "./limits.ts";

/** A request that was let in. One of these is called when it is known who sent it, or neither. */
export interface Entered {
  /** Its sender has proved who it is: it does not count against its address, which gets room of its own. */
  proved(): void;
  /** It has cost nothing worth counting. */
  excused(): void;
}

/** What is limited together: a source by its name, or `API`, everything that is no source. */
export type LimitedScope = string;
export const API: LimitedScope = "(api)";

export interface RateLimit {
  /** Throws `rate:limited`. Costs a look-up or two. `address` null: clients can't be told apart, so that none is limited. */
  enter(scope: LimitedScope, address: string | null): Entered;
}

export interface RateLimitOptions {
  /** Asked each time, so that reloaded settings count at once. */
  readonly limits: (scope: LimitedScope) => RateLimits;
  /** False for a source that takes everybody's word: then nothing is proved. */
  readonly proves: (scope: LimitedScope) => boolean;
  /** Milliseconds. */
  readonly now?: () => number;
}

/**
 * Limits requests before anything is done for them.
 *
 * By client (its IPv4 address, or its IPv6 network of 64 bits): each request takes a token, and gets it back when its sender has
 * proved who it is. So only what proves nothing counts, and a good sender's burst is as long as it likes. Who has proved it
 * lately has a larger bucket of its own, so that others behind the same address don't use it up.
 * By source, where the settings ask for it: only what has been proved counts there, or else strangers could shut the sender
 * out.
 *
 * Memory is bounded: of many addresses the ones that were heard of last are remembered. To be forgotten means to have a full
 * bucket, never to be refused; and strangers can't make it forget those who have proved who they are.
 */
export function createRateLimit({ limits, proves, now = Date.now }: RateLimitOptions): RateLimit {
  const strangers = createBoundedMap<TokenBucket>(LIMITS.rateStrangers);
  const known = createBoundedMap<TokenBucket>(LIMITS.rateKnown);
  const sources = createBoundedMap<TokenBucket>(LIMITS.rateKnown);

  return {
    enter(scope, address) {
      const { source, client } = limits(scope);
      if (source === null && client === null) return UNLIMITED;
      const at = now();
      const total = source === null ? null : { rate: source, bucket: bucketOf(sources, scope, source, at) };
      if (total !== null) check(secondsToToken(total.bucket, at, total.rate), "this sender");
      const own = client === null || address === null ? null : takeFor({ scope, address, client, at });
      return {
        proved() {
          if (total !== null) total.bucket.tokens -= 1;
          if (own === null || !proves(scope)) return;
          giveBack(own.bucket, own.rate);
          if (!own.known) known.set(own.key, fullBucket(at, larger(own.rate)));
        },
        excused() {
          if (own !== null) giveBack(own.bucket, own.rate);
        },
      };
    },
  };

  function takeFor({ scope, address, client, at }: ClientRequest): Taken {
    const key = `${scope} ${networkOf(address)}`;
    const familiar = known.get(key);
    const rate = familiar === undefined ? client : larger(client);
    const bucket = familiar ?? bucketOf(strangers, key, client, at);
    check(takeToken(bucket, at, rate), "your address");
    return { key, bucket, rate, known: familiar !== undefined };
  }
}

interface ClientRequest {
  readonly scope: LimitedScope;
  readonly address: string;
  readonly client: Rate;
  readonly at: number;
}

interface Taken {
  readonly key: string;
  readonly bucket: TokenBucket;
  readonly rate: Rate;
  readonly known: boolean;
}

const UNLIMITED: Entered = { proved: () => undefined, excused: () => undefined };

/** Of those who have proved who they are. */
const larger = ({ perSecond, burst }: Rate): Rate => ({
  perSecond: perSecond * LIMITS.rateKnownFactor,
  burst: burst * LIMITS.rateKnownFactor,
});

function bucketOf(buckets: BoundedMap<TokenBucket>, key: string, rate: Rate, at: number): TokenBucket {
  const found = buckets.get(key);
  if (found !== undefined) return found;
  const bucket = fullBucket(at, rate);
  buckets.set(key, bucket);
  return bucket;
}

function check(wait: number | null, whose: string): void {
  if (wait === null) return;
  throw new AppError(
    "rate:limited",
    `There were too many requests of late from ${whose}; send it again later`,
    {
      retryAfter: wait,
    },
  );
}
