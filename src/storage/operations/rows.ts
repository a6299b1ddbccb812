import type { Selectable } from "kysely";
import { z } from "zod";
import type { Delivery } from "../../domain/delivery.ts";
import { type Approval, HOLD_TYPES, type Hold } from "../../domain/hold.ts";
import type { TaskReport } from "../../domain/report.ts";
import type { StartedBy, StepRun, Task } from "../../domain/task.ts";
import { nodeName } from "../../domain/node.ts";
import type { JobTask } from "../connection.ts";
import type { DeliveriesTable, StepsTable, TasksTable } from "../schema.ts";
import type { StartedTask } from "../store.ts";

const stringMap = z.record(z.string(), z.string());
const metadata = z.record(z.string(), z.unknown());
const eventIndex = z.int().min(0).optional();
const startedBy: z.ZodType<StartedBy> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("delivery"), deliveryId: z.string(), rule: z.number(), eventIndex }),
  z.object({ type: z.literal("retry"), taskId: z.string(), by: z.string(), eventIndex }),
  z.object({ type: z.literal("part"), taskId: z.string(), node: z.string(), eventIndex }),
  z.object({ type: z.literal("undo"), taskId: z.string(), part: z.string(), eventIndex }),
  z.object({
    type: z.literal("rollback"),
    by: z.string(),
    app: z.string(),
    release: z.string().nullable(),
    taskId: z.string(),
    eventIndex,
  }),
  z.object({ type: z.literal("manual"), by: z.string() }),
]);

/** An empty object is what most rows have; parsing it again and again is not needed. */
const parseMap = (text: string): Record<string, string> =>
  text === "{}" ? {} : stringMap.parse(JSON.parse(text));

export function toDelivery(row: Selectable<DeliveriesTable>): Delivery {
  return {
    id: row.id,
    source: row.source,
    kind: row.kind,
    senderId: row.sender_id,
    event: row.event,
    headers: parseMap(row.headers),
    contentType: row.content_type,
    bodySize: row.body_size,
    verdict: row.verdict,
    reason: row.reason,
    replayOf: row.replay_of,
    receivedAt: row.received_at,
    remoteAddress: row.remote_address,
  };
}

export type TaskRow = Selectable<TasksTable>;

const holdSchema: z.ZodType<Hold> = z.object({
  type: z.enum(HOLD_TYPES),
  until: z.string(),
  reason: z.string(),
});
const approvalSchema: z.ZodType<Approval> = z.object({
  scopes: z.array(z.string()),
  decision: z.enum(["pending", "approved", "refused", "expired"]),
  by: z.string().nullable(),
  at: z.string().nullable(),
});

const reportSchema: z.ZodType<TaskReport> = z.object({
  rules: z.string(),
  repository: z.string(),
  commit: z.string(),
  ref: z.string().nullable(),
  tag: z.boolean(),
  user: z.string().nullable(),
});

const toHold = (text: string | null): Hold | null =>
  text === null ? null : holdSchema.parse(JSON.parse(text));
const toApproval = (text: string | null): Approval | null =>
  text === null ? null : approvalSchema.parse(JSON.parse(text));

const strings = z.array(z.string());

/** A JSON list of names. */
export const labelsOf = (text: string): string[] => strings.parse(JSON.parse(text));

export const toJob = ({
  id,
  group_name: group,
  runs_on: runsOn,
}: Pick<TaskRow, "id" | "group_name" | "runs_on">): JobTask => ({
  id,
  group,
  runsOn: runsOn === null ? null : labelsOf(runsOn),
});

export interface TaskParts {
  readonly steps: readonly StepRun[];
  readonly position: number | null;
}

export function toTask(row: TaskRow, { steps, position }: TaskParts): Task {
  return {
    id: row.id,
    number: row.seq,
    action: row.action,
    params: parseMap(row.params),
    state: row.state,
    outcome: row.outcome,
    reason: row.reason,
    progress: row.progress,
    startedBy: startedBy.parse(JSON.parse(row.started_by)),
    deliveryId: row.delivery_id,
    group: row.group_name,
    runsOn: row.runs_on === null ? null : labelsOf(row.runs_on),
    parentId: row.parent_id,
    maxParallel: row.max_parallel,
    node: row.node === null ? null : nodeName(row.node),
    attempt: row.attempt,
    position,
    hold: toHold(row.hold),
    approval: toApproval(row.approval),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    correlation: row.correlation === null ? {} : parseMap(row.correlation),
    report: row.report === null ? null : reportSchema.parse(JSON.parse(row.report)),
    metadata: row.metadata === "{}" ? {} : metadata.parse(JSON.parse(row.metadata)),
    steps,
  };
}

export const toStarted = ({
  id,
  action,
  state,
  outcome,
  hold,
}: Pick<TaskRow, "id" | "action" | "state" | "outcome" | "hold">): StartedTask => ({
  id,
  action,
  state,
  outcome,
  hold: toHold(hold),
  note: null,
});

export function toStep(row: Selectable<StepsTable>): StepRun {
  return {
    index: row.idx,
    phase: row.phase,
    name: row.name,
    kind: row.kind,
    state: row.state,
    exitCode: row.exit_code,
    outputs: parseMap(row.outputs),
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
