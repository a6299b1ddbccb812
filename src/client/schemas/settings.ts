import { z } from "zod";
import { id, time } from "./common.ts";

export const paramSpecSchema = z
  .object({
    pattern: z.string().nullable(),
    required: z.boolean(),
    default: z.string().nullable(),
    description: z.string().nullable(),
    allow_leading_dash: z.boolean(),
  })
  .meta({ id: "ParamSpec" });

export const actionSchema = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    params: z.record(z.string(), paramSpecSchema),
    steps: z.array(z.object({ name: z.string(), kind: z.string() })),
  })
  .meta({ id: "Action" });

export const recoverySchema = z
  .object({
    hook: z.string().describe("Whose webhook it is, as the sender's API names it"),
    started_at: time.nullable().describe("Of the last round"),
    ended_at: time.nullable(),
    error: z.string().nullable().describe("Why the last round did not get to its end"),
    found: z.number().int().describe("Missed deliveries that the last round found"),
    asked: z.number().int().describe("Deliveries that the last round asked for"),
    came_in: z.number().int().describe("Of the missed ones of the last 30 days: have come in since"),
    open: z.number().int().describe("Have not come in yet and may be asked for again"),
    given_up: z.number().int().describe("Have not come in and are not asked for any more"),
  })
  .meta({ id: "Recovery" });

export const sourceSchema = z
  .object({
    name: z.string(),
    kind: z.string(),
    path: z.string(),
    last_delivery: z
      .object({ id, event: z.string(), verdict: z.enum(["accepted", "rejected"]), received_at: time })
      .nullable(),
    refused: z.record(z.string(), z.number()).describe("Code → how many requests were refused with it"),
    recoveries: z
      .array(recoverySchema)
      .describe("One for each webhook at the sender; empty where the sender is not asked"),
  })
  .meta({ id: "Source" });

export type SourceWire = z.infer<typeof sourceSchema>;

export const counterSchema = z
  .object({ name: z.string(), source: z.string(), value: z.number() })
  .meta({ id: "Counter" });

export const nodeSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    labels: z.array(z.string()),
    roles: z.array(z.enum(["receive", "work"])),
    version: z.string(),
    alive: z
      .boolean()
      .describe("False when it has not been heard of for so long that its tasks are taken over"),
    tasks: z.number().int().describe("Running on it now"),
    started_at: time,
    seen_at: time,
  })
  .meta({ id: "Node" });

export type NodeWire = z.infer<typeof nodeSchema>;

export const actionChangesSchema = z
  .object({
    task_id: id.nullable().describe("The last task of the action; null without any"),
    before: z
      .string()
      .nullable()
      .describe(
        "The action when that task was accepted, as YAML without secrets; null where that is not kept",
      ),
    now: z.string(),
  })
  .meta({ id: "ActionChanges" });
