import { z } from "zod";

/*
 * How the store and the queue engine on PostgreSQL speak of a task: the name of a job says who may take it, its payload
 * which task is to be looked at.
 */

/** A job that any node may take. */
export const RUN = "run";

/** One for a node that has the label. */
export const runOn = (label: string): string => `${RUN}@${label}`;

export const jobPayload = z.object({ task: z.string() });
