import { z } from "zod";
import { MESSAGE_STATES } from "../../domain/message.ts";
import { NOTICE_TYPES } from "../../domain/notice.ts";
import { id, time } from "./common.ts";

export const endpointSchema = z
  .object({
    name: z.string(),
    kind: z.string().nullable().describe("Null: the settings do not have it any more"),
    url: z.string().nullable().describe("Without what is secret in it"),
    state: z
      .enum(["active", "paused", "broken", "disabled", "unknown"])
      .describe(
        "`paused`: it asked for it; `broken`: it fails again and again, one message at a time tries it; `disabled`: it answered 410; `unknown`: not in the settings",
      ),
    events: z.array(z.enum(NOTICE_TYPES)),
    only_failures: z.boolean(),
    waiting: z.number().int().describe("Messages that wait for an attempt"),
    dead: z.number().int().describe("Messages that were given up"),
    failures: z.number().int().describe("Failed attempts since the last success"),
    closed_until: time.nullable().describe("Nothing is sent before"),
    last_status: z.number().int().nullable(),
    last_error: z.string().nullable(),
    last_attempt_at: time.nullable(),
    last_success_at: time.nullable(),
  })
  .meta({ id: "Endpoint" });

export type EndpointWire = z.infer<typeof endpointSchema>;

export const messageSchema = z
  .object({
    id: id.describe("UUID v7; the same in every attempt"),
    endpoint: z.string(),
    type: z.enum(NOTICE_TYPES),
    task_id: id.nullable(),
    retry_of: id.nullable().describe("The message that it sends anew"),
    state: z.enum(MESSAGE_STATES),
    attempts: z.number().int(),
    due_at: time.describe("When the next attempt is due"),
    status: z.number().int().nullable().describe("HTTP status of the last answer"),
    error: z.string().nullable().describe("Why the last attempt failed"),
    created_at: time,
    ended_at: time.nullable(),
    body: z.string(),
  })
  .meta({ id: "Message" });

export type MessageWire = z.infer<typeof messageSchema>;

export const attemptSchema = z
  .object({
    delivered: z.boolean(),
    error: z.string().nullable(),
    request: z.object({
      method: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
    }),
    answer: z
      .object({ status: z.number().int(), body: z.string().describe("At most its first 16 KiB") })
      .nullable()
      .describe("Null: there was none"),
  })
  .meta({ id: "Attempt" });

export type AttemptWire = z.infer<typeof attemptSchema>;

export const retriedSchema = z.object({ retried: z.number().int() }).meta({ id: "Retried" });
