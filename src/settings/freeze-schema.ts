import { z } from "zod";
import { duration, oneOrMany } from "./fields.ts";

export const freezeSchema = z
  .strictObject({
    from: z
      .string()
      .optional()
      .describe(
        'When it begins, in local time: every week (`"Fri 17:00"`) or once (`2026-12-23`, `"2026-12-23 18:00"`). With `until`.',
      ),
    until: z.string().optional().describe("When it ends, in the same form."),
    cron: z
      .string()
      .optional()
      .describe("Instead of `from`: the five fields of cron, in local time. With `duration`."),
    duration: duration({ min: 1_000 }).optional().describe("How long it lasts, such as 2h."),
    timezone: z
      .string()
      .min(1)
      .default("UTC")
      .describe("Whose local time; a name of the IANA database, such as Europe/Paris."),
    actions: oneOrMany().optional().describe("The actions it is about. Default: all."),
    except: oneOrMany().default([]).describe("Actions that it is not about, such as a rollback."),
    reason: z.string().min(1).optional().describe("For people; shown with what waits."),
  })
  .describe(
    "A time in which tasks that webhooks start wait. People's own starts are let through, with a warning.",
  );
export type FreezeInput = z.output<typeof freezeSchema>;
