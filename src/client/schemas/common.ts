import { z } from "zod";
import { SCOPES } from "../../domain/scopes.ts";
import { TASK_OUTCOMES, TASK_STATES } from "../../domain/task.ts";

export const time = z.string().describe("RFC 3339 UTC with milliseconds");

export const id = z.string().describe("UUID v7");

export const state = z.enum(TASK_STATES);

export const outcome = z.enum(TASK_OUTCOMES).nullable().describe("How it ended; null while it has not");

/** Each scope includes those before it. */
export const scopeSchema = z.enum(SCOPES);

/** The envelope of lists that have pages. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe("Give it as `cursor` for the next page; null at the end"),
  });

/** The envelope of lists that are short. */
export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
