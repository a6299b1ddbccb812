import { z } from "zod";
import { network, secret, secretNames, size } from "./fields.ts";
import type { SourceKind } from "../sources/source.ts";
import type { Kinds } from "./kinds.ts";
import { rateLimit } from "./rate-limit-schema.ts";
import { recoveryShape } from "./recovery-schema.ts";

const placeShape = {
  path: z
    .string()
    .regex(/^\/(?:[A-Za-z0-9._~/-]*|\*)$/, "expected a URL path such as /hooks/app")
    .optional()
    .describe("URL path that its webhooks are received on. Default: `/hooks/NAME`."),
  allow_from: z
    .array(network())
    .min(1)
    .optional()
    .describe(
      "Networks that its webhooks may come from, such as 192.0.2.0/24; others are refused before anything is checked. Default: any.",
    ),
  rate_limit: rateLimit().describe(
    "Bounds on its requests where they differ from `server.rate_limit`: `off`, or `client` and `source`.",
  ),
  body_limit: size().optional().describe("Largest body, such as 5MiB. Default: the sender's own maximum."),
};

const secretsShape = {
  secret: secret()
    .optional()
    .describe("The secret shared with the sender; the same as a list `secrets` of one."),
  secrets: z
    .array(secret())
    .optional()
    .describe(
      "Several live secrets, any of which may match: add the new one, change the sender, remove the old one.",
    ),
  secret_name: secretNames()
    .optional()
    .describe("Name of a secret kept by `hookwright secrets set`, or several, as for `secrets`."),
};

const unsafeShape = {
  unsafe_no_auth: z
    .boolean()
    .default(false)
    .describe("Take webhooks from anybody. Only for a source that something else protects."),
};

/** The keys that a source of any kind has beside `kind`; others are its kind's own. */
export const sourcePlace = z.object(placeShape);
export const sourceCredentials = z.object({ ...secretsShape, ...unsafeShape });

/** What every source of that kind can have. A sender with a key of its own shares no secret. */
const commonShape = ({ publicKeys }: Pick<SourceKind, "publicKeys">) => ({
  ...placeShape,
  ...(publicKeys === undefined && secretsShape),
  ...unsafeShape,
});

/** The keys of a source of that kind, beside the kind's own. */
export const sourceKeys = (kind: Pick<SourceKind, "publicKeys">): readonly string[] => [
  "kind",
  ...Object.keys(commonShape(kind)),
];

/** Said in JSON Schema: a secret, or in so many words none (see read-credentials.ts). */
const PROTECTED = [
  { required: ["secret"] },
  { required: ["secrets"], properties: { secrets: { minItems: 1 } } },
  { required: ["secret_name"] },
  { required: ["unsafe_no_auth"], properties: { unsafe_no_auth: { const: true } } },
];

/** One source: the keys of every source, and its kind's. */
export function sourceSchema({ sources }: Kinds) {
  const [first, ...rest] = [...sources.values()].map((kind) =>
    z
      .strictObject({
        kind: z.literal(kind.kind),
        ...commonShape(kind),
        ...recoveryShape(kind.kind),
        ...shapeOf(kind.schema),
      })
      .describe(kind.summary)
      .meta(kind.publicKeys === undefined ? { anyOf: PROTECTED } : {}),
  );
  if (first === undefined) throw new Error("There are no source kinds");
  return z.discriminatedUnion("kind", [first, ...rest]);
}

/** The keys of an object schema, also of one with a transform behind it. */
export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  if (schema instanceof z.ZodObject) {
    const shape: Record<string, z.ZodType> = {};
    for (const [key, field] of Object.entries(schema.shape))
      if (field instanceof z.ZodType) shape[key] = field;
    return shape;
  }
  if (schema instanceof z.ZodPipe && schema.in instanceof z.ZodType) return shapeOf(schema.in);
  throw new Error("The settings of a source kind must be an object");
}
