import { z } from "zod";
import { NOTICE_TYPES } from "../domain/notice.ts";
import { DEFAULT_SCHEDULE } from "../outbound/retry.ts";
import { formatDuration } from "../lib/duration.ts";
import { duration, secret, secretNames } from "./fields.ts";
import type { Kinds } from "./kinds.ts";
import { shapeOf } from "./source-schema.ts";

const TYPES = NOTICE_TYPES.filter((type) => type !== "endpoint.test" && type !== "task.recovered");

export const DEFAULT_EVENTS = ["task.completed", "task.failed", "task.cancelled"] as const;

const ownShape = {
  url: z
    .url({ protocol: /^https?$/, error: "expected a URL such as https://example.com/webhook" })
    .describe("Where it is sent. Private addresses only where `outbound.allow` has them."),
  secret: secret().optional().describe("What it is signed with; the same as a list `secrets` of one."),
  secrets: z
    .array(secret())
    .optional()
    .describe("Several live secrets, the newest first: while the receiver changes from one to the next."),
  secret_name: secretNames()
    .optional()
    .describe("Name of a secret kept by `hookwright secrets set`, or several, as for `secrets`."),
  events: z
    .array(z.enum(TYPES))
    .min(1)
    .optional()
    .describe(`What it is told. Default: ${DEFAULT_EVENTS.join(", ")}.`),
  only_failures: z
    .boolean()
    .default(false)
    .describe("Nothing but failures; where they are grouped, the recovery too."),
  group: duration({ min: 1_000 })
    .optional()
    .describe(
      "Failures of one action within this time are told once; the next message says how many there were, and `task.recovered` that it is over. Default: each is told.",
    ),
  ordered: z
    .boolean()
    .default(false)
    .describe("One message after the other, each waiting until the one before is delivered or given up."),
  concurrency: z
    .int()
    .min(1)
    .max(100)
    .default(8)
    .describe("Messages on their way at once, from each server."),
  timeout: duration({ min: 100 }).prefault("15s").describe("Time for a whole attempt."),
  retry_schedule: z
    .array(duration())
    .min(1)
    .max(50)
    .prefault(DEFAULT_SCHEDULE.map((ms) => (ms === 0 ? "0s" : formatDuration(ms))))
    .describe("The waits before each attempt, from the one before. After the last one the message is dead."),
  retry_jitter: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("By how much of itself each wait is varied, 0 to 1."),
};

/** The keys that an endpoint of any kind has beside `kind`; others are its kind's own. */
export const endpointOwn = z.object(ownShape);
export type EndpointOwn = z.output<typeof endpointOwn>;
export const ENDPOINT_KEYS: readonly string[] = ["kind", ...Object.keys(ownShape)];

/** Said in JSON Schema (see read-endpoints.ts). */
const SIGNED = [{ required: ["secret"] }, { required: ["secrets"] }, { required: ["secret_name"] }];

/** One endpoint: the keys of every endpoint, and its kind's. */
export function endpointSchema({ endpoints }: Kinds) {
  const [first, ...rest] = [...endpoints.values()].map((kind) => {
    const schema = z
      .strictObject({ kind: z.literal(kind.kind), ...ownShape, ...shapeOf(kind.schema) })
      .describe(kind.summary);
    return kind.secret === "required" ? schema.meta({ anyOf: SIGNED }) : schema;
  });
  if (first === undefined) throw new Error("There are no endpoint kinds");
  return z.discriminatedUnion("kind", [first, ...rest]);
}
