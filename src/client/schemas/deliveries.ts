import { z } from "zod";
import { EVENT_NAMES, SOURCE_KINDS } from "../../domain/event.ts";
import { id, time } from "./common.ts";
import { startedTaskSchema } from "./tasks.ts";

export const ruleReasonSchema = z
  .object({
    action: z.string(),
    rule: z.number().int().describe("Index in the action's `on` list"),
    matched: z.boolean(),
    failed: z.string().nullable().describe("The first test that failed"),
    explanation: z.string(),
  })
  .meta({ id: "RuleReason" });

export const deliverySchema = z
  .object({
    id,
    source: z.string(),
    kind: z.enum(SOURCE_KINDS),
    sender_id: z.string().nullable(),
    event: z.string().describe("The sender's name of the event"),
    headers: z.record(z.string(), z.string()),
    content_type: z.string().nullable(),
    body_size: z.number().int(),
    verdict: z.enum(["accepted", "rejected"]),
    reason: z.string().nullable(),
    replay_of: id.nullable(),
    received_at: time,
    remote_address: z.string().nullable(),
  })
  .meta({ id: "Delivery" });

export const deliveryDetailSchema = deliverySchema
  .extend({ tasks: z.array(startedTaskSchema) })
  .meta({ id: "DeliveryDetail" });

/** What a webhook, and a replay of one, is answered with. */
export const receivedSchema = z
  .object({
    delivery: id,
    duplicate: z.boolean(),
    event: z.enum(EVENT_NAMES),
    tasks: z.array(startedTaskSchema),
    reasons: z.array(ruleReasonSchema).optional().describe("Why nothing was started; only then"),
    spooled: z
      .literal(true)
      .optional()
      .describe("It waits on the receiver for the store; what it starts is decided when that is back"),
  })
  .meta({ id: "Received" });

export type ReceivedWire = z.infer<typeof receivedSchema>;

export const eventSchema = z
  .object({
    source: z.string(),
    kind: z.enum(SOURCE_KINDS),
    name: z.enum(EVENT_NAMES),
    sender_name: z.string(),
    repository: z.string().nullable(),
    clone_url: z.string().nullable(),
    ref: z.string().nullable(),
    branch: z.string().nullable(),
    tag: z.string().nullable(),
    deleted: z.boolean(),
    commit: z
      .object({
        sha: z.string(),
        message: z.string().nullable(),
        author: z.string().nullable(),
        url: z.string().nullable(),
        timestamp: z.string().nullable(),
      })
      .nullable(),
    before: z.string().nullable(),
    status: z.string().nullable(),
    action: z.string().nullable(),
    paths: z.array(z.string()).nullable(),
    sender: z.string().nullable(),
    draft: z.boolean().nullable(),
    fork: z.boolean().nullable(),
    health: z
      .object({
        app: z.string().nullable(),
        revision: z.string().nullable(),
        healthy_revision: z.string().nullable(),
        refusal: z.string().nullable().describe("Why no rollback is started"),
      })
      .nullable()
      .describe("Of events named health"),
  })
  .meta({ id: "Event" });

export const explanationSchema = z
  .object({
    delivery: deliverySchema,
    event: eventSchema.nullable().describe("Null when the body could not be understood"),
    reasons: z
      .array(ruleReasonSchema)
      .describe("One per rule of each action, by the settings as they are now"),
    tasks: z.array(startedTaskSchema),
  })
  .meta({ id: "Explanation" });
