import { z } from "zod";
import { TASK_OUTCOMES } from "../../domain/task.ts";
import { time } from "./common.ts";

const percentilesSchema = z
  .object({ p50: z.number(), p90: z.number(), p99: z.number() })
  .describe("So many milliseconds, or less, for half of them, nine tenths, all but one of a hundred");

export const taskStatsSchema = z
  .object({
    since: time,
    hours: z.array(
      z.object({
        hour: z.string().describe("UTC: `2026-01-31T09`"),
        outcome: z.enum(TASK_OUTCOMES),
        tasks: z.number().int(),
      }),
    ),
    succeeded: z
      .object({
        tasks: z.number().int(),
        total_ms: percentilesSchema.describe("From the webhook, or the command, to the end"),
        waited_ms: percentilesSchema.describe("Of it, before the first step"),
      })
      .nullable()
      .describe("Of the last 1,000 at most that succeeded; null without any"),
  })
  .meta({ id: "TaskStats" });

export type TaskStatsWire = z.infer<typeof taskStatsSchema>;

export const sourceStatsSchema = z
  .object({
    source: z.string(),
    accepted: z.number().int(),
    rejected: z.number().int(),
    last_at: time.describe("When the last delivery came"),
  })
  .meta({ id: "SourceStats" });

/** Of the stream of everything: what to look at again. */
export const changedSchema = z.object({
  topics: z.array(z.enum(["tasks", "deliveries", "audit", "messages"])),
});

const count = z.number().int();

export const prunedSchema = z
  .object({
    bodies: count,
    bytes: count.describe("Of those bodies"),
    log_entries: count,
    tasks: count,
    deliveries: count,
    audit_events: count,
    next: z.string().nullable().describe("`from` of the next request; null: nothing is left to do"),
    busy: z.boolean().describe("Another server is at it"),
  })
  .meta({ id: "Pruned" });

export type PrunedWire = z.infer<typeof prunedSchema>;
