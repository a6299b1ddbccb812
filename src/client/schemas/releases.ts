import { z } from "zod";
import { RELEASE_STATES } from "../../domain/release.ts";
import { id, time } from "./common.ts";
import { startedTaskSchema } from "./tasks.ts";

export const releaseSchema = z
  .object({
    app: z.string(),
    id: z.string(),
    node: z.string().describe("The machine that has it"),
    dir: z.string(),
    commit: z.string().nullable(),
    task_id: id,
    state: z.enum(RELEASE_STATES),
    current: z.boolean().describe("In use now"),
    created_at: time,
    activated_at: time.nullable().describe("When it was last put in use and was well"),
  })
  .meta({ id: "Release" });

export type ReleaseWire = z.infer<typeof releaseSchema>;

export const revisionSchema = z
  .object({
    source: z.string(),
    app: z.string().describe("Empty: the source stands for one application"),
    revision: z.string(),
    state: z.enum(["healthy", "rolled_back"]),
    target: z.string().nullable().describe("Where it was rolled back to"),
    vain: z.boolean().describe("The rollback came to nothing: its tasks did not succeed"),
    current: z.boolean().describe("The newest of its application"),
    at: time,
    delivery_id: id,
  })
  .meta({ id: "Revision" });

export type RevisionWire = z.infer<typeof revisionSchema>;

export const revisionRollbackSchema = z
  .object({
    source: z.string(),
    app: z.string(),
    from: z.string().describe("The current revision"),
    to: z.string(),
    actions: z.array(z.string()).describe("What starts"),
    delivery: id.nullable().describe("Null for a dry run"),
    tasks: z.array(startedTaskSchema),
  })
  .meta({ id: "RevisionRollback" });

export type RevisionRollbackWire = z.infer<typeof revisionRollbackSchema>;
