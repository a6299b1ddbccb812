import { z } from "zod";
import { MESSAGE_STATES } from "../domain/message.ts";
import { TASK_OUTCOMES, TASK_STATES } from "../domain/task.ts";
import { USER_NAME } from "../domain/user.ts";
import { scopeSchema } from "./schemas.ts";

/** What requests to our API carry, for the server and its clients; what it answers is in schemas.ts. */

/** In the path of whatever has an id. */
export const idParamsSchema = z.object({ id: z.string().max(200) });

const limit = z.coerce.number().int().min(1).max(500).default(50);
const cursor = z.string().min(1).max(200).optional();

export const taskQuerySchema = z.object({
  action: z.string().optional(),
  state: z.enum(TASK_STATES).optional(),
  outcome: z.enum(TASK_OUTCOMES).optional(),
  delivery_id: z.string().optional(),
  parent_id: z.string().optional(),
  search: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("In its id, action, params or reason. A page may hold few or none and still have a `next`"),
  cursor,
  limit,
});
export type TaskQuery = z.input<typeof taskQuerySchema>;

export const statsQuerySchema = z.object({
  days: z.coerce.number().int().min(1).max(90).default(14).describe("So many days back from now"),
});

export const liveQuerySchema = z.object({
  log: z.string().max(200).optional().describe("The id of a task whose log is sent too"),
  after: z.coerce.number().int().min(0).optional().describe("Only its entries with a higher `seq`"),
});

export const sessionRequestSchema = z.union([
  z.strictObject({ token: z.string().min(1).max(200) }),
  z.strictObject({ user: z.string().min(1).max(64), password: z.string().min(1).max(1_024) }),
]);
export type SessionRequest = z.input<typeof sessionRequestSchema>;

export const deliveryQuerySchema = z.object({
  source: z.string().optional(),
  verdict: z.enum(["accepted", "rejected"]).optional(),
  event: z.string().optional(),
  cursor,
  limit,
});
export type DeliveryQuery = z.input<typeof deliveryQuerySchema>;

export const logQuerySchema = z.object({
  after: z.coerce.number().int().min(0).default(0).describe("Only entries with a higher `seq`"),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});

export const eventsQuerySchema = z.object({
  after: z.coerce.number().int().min(0).optional().describe("As Last-Event-ID, which wins"),
});

/** The caller's own words: bounded, because they are stored with the task and sent to others. */
export const correlationSchema = z
  .record(z.string().min(1).max(64), z.string().max(500))
  .refine((values) => Object.keys(values).length <= 20, { error: "at most 20 values" });

export const endpointParamsSchema = z.object({ name: z.string().max(200) });

export const messageQuerySchema = z.object({
  endpoint: z.string().optional(),
  state: z.enum(MESSAGE_STATES).optional(),
  cursor,
  limit,
});
export type MessageQuery = z.input<typeof messageQuerySchema>;

export const retryMessagesRequestSchema = z
  .strictObject({ endpoint: z.string().nullable().default(null).describe("Only those of this endpoint") })
  .default({ endpoint: null });

export const startRequestSchema = z.strictObject({
  action: z.string().min(1),
  params: z.record(z.string(), z.string()).default({}),
  dry_run: z.boolean().default(false).describe("Check and show the plan, start nothing"),
  correlation: correlationSchema
    .optional()
    .describe("Up to 20 values that come back in what endpoints are told of the task"),
});
export type StartRequest = z.input<typeof startRequestSchema>;

export const approveRequestSchema = z.strictObject({
  comment: z.string().max(500).nullable().default(null).describe("In your words, for the task's log"),
  override_freeze: z
    .boolean()
    .default(false)
    .describe("Let it start although there is a freeze; of no meaning to a refusal"),
});
export type ApproveRequest = z.input<typeof approveRequestSchema>;

export const releaseQuerySchema = z.object({ app: z.string().max(200).optional() });

export const revisionQuerySchema = z.object({ app: z.string().optional(), source: z.string().optional() });
export type RevisionQuery = z.input<typeof revisionQuerySchema>;

export const revisionRollbackRequestSchema = z.strictObject({
  app: z.string().min(1).max(300).describe("The application; of a source that names none, the source"),
  source: z.string().nullable().default(null).describe("Needed only where several sources know the app"),
  to: z
    .string()
    .regex(/^[0-9a-f]{4,64}$/, "expected 4 to 64 hexadecimal digits")
    .nullable()
    .default(null)
    .describe("A revision, or the beginning of one; null: the last healthy one before the current one"),
  reason: z.string().max(500).nullable().default(null).describe("In your words, for the task's log"),
  dry_run: z.boolean().default(false).describe("Only say where it would go"),
  override: z
    .boolean()
    .default(false)
    .describe("Do it whatever was done before, and also to a revision that was never reported healthy"),
});
export type RevisionRollbackRequest = z.input<typeof revisionRollbackRequestSchema>;

export const rollbackRequestSchema = z.strictObject({
  release: z.string().min(1).max(100).nullable().default(null).describe("Null: the last healthy one"),
  cancel: z.boolean().default(false).describe("End what runs or waits in its way"),
});
export type RollbackRequest = z.input<typeof rollbackRequestSchema>;

export const replayRequestSchema = z
  .strictObject({ dry_run: z.boolean().default(false) })
  .default({ dry_run: false });

export const pruneRequestSchema = z.strictObject({
  dry_run: z.boolean().default(false).describe("Count only, remove nothing"),
  from: z.string().max(100).nullable().default(null).describe("`next` of the last answer"),
});
export type PruneRequest = z.input<typeof pruneRequestSchema>;

export const tokenRequestSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, `.`, `_` and `-`, at most 64"),
  scopes: z.array(scopeSchema).min(1).max(3),
  expires_at: z.iso.datetime().nullable().default(null),
});
export type TokenRequest = z.input<typeof tokenRequestSchema>;

const userName = z.string().regex(USER_NAME, "letters, digits, `.`, `_` and `-`, at most 64");
const password = z.string().min(12, "a password has 12 characters at least").max(1_000);

export const userRequestSchema = z.strictObject({
  name: userName,
  password,
  scopes: z
    .array(scopeSchema)
    .default([])
    .describe("What they may in the dashboard, beside deploying their apps"),
});
export type UserRequest = z.input<typeof userRequestSchema>;

/** What is given is changed. */
export const userChangeSchema = z.strictObject({
  password: password.optional(),
  disabled: z.boolean().optional(),
  scopes: z.array(scopeSchema).optional(),
});
export type UserChange = z.input<typeof userChangeSchema>;

export const userTokenRequestSchema = z.strictObject({
  name: userName,
  apps: z.array(z.string().min(1).max(214)).min(1).nullable().default(null),
  expires_at: z.iso.datetime().nullable().default(null),
});
export type UserTokenRequest = z.input<typeof userTokenRequestSchema>;
