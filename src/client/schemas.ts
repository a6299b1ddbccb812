import { z } from "zod";
import { EVENT_NAMES, SOURCE_KINDS } from "../domain/event.ts";
import { HOLD_TYPES } from "../domain/hold.ts";
import { SCOPES } from "../domain/scopes.ts";
import { RELEASE_STATES } from "../domain/release.ts";
import { MESSAGE_STATES } from "../domain/message.ts";
import { NOTICE_TYPES } from "../domain/notice.ts";
import { TASK_OUTCOMES, TASK_STATES } from "../domain/task.ts";

/**
 * What our API (`/api/v1`) sends and takes, in one place for the server (which checks and documents itself by them) and
 * its clients. Names on the wire are snake_case; times are RFC 3339 UTC with milliseconds.
 */

const time = z.string().describe("RFC 3339 UTC with milliseconds");
const id = z.string().describe("UUID v7");
const state = z.enum(TASK_STATES);
const outcome = z.enum(TASK_OUTCOMES).nullable().describe("How it ended; null while it has not");

/** Each scope includes those before it. */
export const scopeSchema = z.enum(SCOPES);

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

export const planSchema = z
  .object({
    action: z.string(),
    params: z.record(z.string(), z.string()),
    steps: z.array(z.object({ name: z.string(), kind: z.string(), title: z.string() })),
  })
  .meta({ id: "Plan" });

export const tokenSchema = z
  .object({
    id,
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: time,
    expires_at: time.nullable(),
    last_used_at: time.nullable(),
    revoked_at: time.nullable(),
  })
  .meta({ id: "Token" });
export type TokenWire = z.infer<typeof tokenSchema>;

export const userSchema = z
  .object({
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: time,
    disabled_at: time.nullable(),
  })
  .meta({ id: "User" });

export const userTokenSchema = z
  .object({
    id,
    user: z.string(),
    name: z.string(),
    apps: z.array(z.string()).nullable().describe("What it is good for; null: all of the user's"),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
  })
  .meta({ id: "UserToken" });

export const createdUserTokenSchema = userTokenSchema
  .extend({ token: z.string().describe("Shown this once") })
  .meta({ id: "CreatedUserToken" });

export const createdTokenSchema = tokenSchema
  .extend({ token: z.string().describe("Shown this once") })
  .meta({ id: "CreatedToken" });

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

/** RFC 9457 problem details; further members depend on the code. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe("Stable; clients may test it"),
    detail: z.string(),
    instance: z.string().describe("The answer's x-api-uuid"),
  })
  .meta({ id: "Problem" });
export type ProblemWire = z.infer<typeof problemSchema>;

/** The envelope of lists that have pages. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe("Give it as `cursor` for the next page; null at the end"),
  });

/** The envelope of lists that are short. */
export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

export const whoamiSchema = z
  .object({
    name: z.string(),
    scopes: z.array(z.string()),
    apps: z
      .array(z.string())
      .optional()
      .describe("Of a user: the apps of the deploy API that they may deploy"),
    actions: z
      .array(z.string())
      .optional()
      .describe(
        "Those that deploy them: their tasks may be seen, started, cancelled and retried, whatever the scopes",
      ),
  })
  .meta({ id: "Whoami" });

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
