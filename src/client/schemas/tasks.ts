import { z } from "zod";
import { HOLD_TYPES } from "../../domain/hold.ts";
import { id, outcome, state, time } from "./common.ts";

export const holdSchema = z
  .object({
    type: z.enum(HOLD_TYPES),
    until: time.describe("An approval that has not come by then is none; other holds end"),
    reason: z.string(),
  })
  .meta({ id: "Hold" });

export const startedTaskSchema = z
  .object({
    id,
    action: z.string(),
    state,
    outcome,
    hold: holdSchema.optional().describe("Only where it may not start yet: why"),
    note: z.string().optional().describe("What its starter should know: there is a freeze"),
  })
  .meta({ id: "StartedTask" });

export type StartedTaskWire = z.infer<typeof startedTaskSchema>;

export const approvalSchema = z
  .object({
    scopes: z.array(z.string()).describe("Whoever has one of them may give it"),
    decision: z.enum(["pending", "approved", "refused", "expired"]),
    by: z.string().nullable(),
    at: time.nullable(),
  })
  .meta({ id: "Approval" });

export const startedBySchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("delivery"), delivery_id: id, rule: z.number().int() }),
    z.object({ type: z.literal("retry"), task_id: id, by: z.string() }),
    z.object({
      type: z.literal("part"),
      task_id: id,
      node: z.string(),
    }),
    z.object({
      type: z.literal("undo"),
      task_id: id,
      part: id.describe("Whose steps it undoes"),
    }),
    z.object({
      type: z.literal("rollback"),
      by: z.string(),
      app: z.string(),
      release: z.string().nullable().describe("Null: the last healthy one"),
    }),
    z.object({ type: z.literal("manual"), by: z.string() }),
  ])
  .meta({ id: "StartedBy" });

export const stepRunSchema = z
  .object({
    index: z.number().int().describe("Index in the action's steps"),
    phase: z.enum(["run", "undo"]),
    name: z.string(),
    kind: z.string(),
    state: z.enum(["running", "succeeded", "failed", "cancelled", "skipped"]),
    exit_code: z.number().int().nullable(),
    outputs: z.record(z.string(), z.string()),
    started_at: time,
    ended_at: time.nullable(),
  })
  .meta({ id: "StepRun" });

export const taskSchema = z
  .object({
    id,
    number: z.number().int().describe("Counts the tasks of the store"),
    action: z.string(),
    params: z.record(z.string(), z.string()),
    state,
    outcome,
    reason: z.string().nullable().describe("A sentence on why it ended so"),
    progress: z.number().min(0).max(100),
    started_by: startedBySchema,
    delivery_id: id.nullable(),
    group: z.string().nullable().describe("Concurrency group"),
    runs_on: z
      .array(z.string())
      .nullable()
      .describe("Labels of the nodes that it may run on, any one of them; null: any node"),
    parent_id: id
      .nullable()
      .describe("The task that it is a part of: one that runs on each of several nodes"),
    node: z.string().nullable().describe("Name of the node that runs it, or ran it last"),
    attempt: z.number().int(),
    position: z.number().int().nullable().describe("Place in the queue, 1 = next"),
    hold: holdSchema.nullable().describe("Why it may not start yet"),
    approval: approvalSchema.nullable().describe("Null: it needs nobody's word"),
    created_at: time,
    started_at: time.nullable(),
    ended_at: time.nullable(),
    metadata: z.record(z.string(), z.unknown()),
    correlation: z
      .record(z.string(), z.string())
      .describe("What whoever started it wants to hear back in what endpoints are told"),
    steps: z.array(stepRunSchema),
  })
  .meta({ id: "Task" });

export type TaskWire = z.infer<typeof taskSchema>;

export const logEntrySchema = z
  .object({
    seq: z.number().int().describe("One ascending sequence over all tasks"),
    task_id: id,
    time,
    stream: z.enum(["stdout", "stderr", "system"]),
    step: z.number().int().nullable(),
    text: z.string(),
  })
  .meta({ id: "LogEntry" });

export type LogEntryWire = z.infer<typeof logEntrySchema>;

export const planSchema = z
  .object({
    action: z.string(),
    params: z.record(z.string(), z.string()),
    steps: z.array(z.object({ name: z.string(), kind: z.string(), title: z.string() })),
  })
  .meta({ id: "Plan" });

/** K-App's reporter object, keys in its order. */
export const reporterSchema = z
  .object({
    id,
    state,
    progress: z.number().int().min(0).max(100),
    startDate: time.nullable(),
    endDate: time.nullable(),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Reporter" });
