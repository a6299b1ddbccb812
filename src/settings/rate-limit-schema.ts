import { z } from "zod";
import type { RateLimits } from "./settings.ts";

const OFF = "off";

const rate = z
  .union([
    z.literal(OFF),
    z.strictObject({
      per_second: z
        .number()
        .positive()
        .max(1_000_000)
        .describe("So many a second in the long run; less than one will do, such as 0.5."),
      burst: z.int().min(1).max(1_000_000).describe("So many at once."),
    }),
  ])
  .transform((value) => (value === OFF ? null : { perSecond: value.per_second, burst: value.burst }));

const limits = z.strictObject({
  client: rate
    .optional()
    .describe(
      "Requests of one address (of IPv6: of one network of 64 bits) that do not prove who sent them. Default: 100 a second, 2000 at once.",
    ),
  source: rate
    .optional()
    .describe(
      "Authentic webhooks of one source, from wherever. Default: off, because each one lost is missed.",
    ),
});

/** `off`, or what is different from the defaults. */
export const rateLimit = () => z.union([z.literal(OFF), limits]).optional();

const DEFAULTS: RateLimits = { client: { perSecond: 100, burst: 2_000 }, source: null };

type Given = z.output<ReturnType<typeof rateLimit>>;

/** What is said nearest by counts: `given`, else `others`. */
export function completeRateLimits(given: Given, others: RateLimits = DEFAULTS): RateLimits {
  if (given === OFF) return { client: null, source: null };
  const { client = others.client, source = others.source } = given ?? {};
  return { client, source };
}
