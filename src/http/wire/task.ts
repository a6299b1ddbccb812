import type { z } from "zod";
import type {
  actionSchema,
  LogEntryWire,
  paramSpecSchema,
  startedBySchema,
  stepRunSchema,
  TaskWire,
  TokenWire,
} from "../../client/schemas.ts";
import type { LogEntry, StartedBy, StepRun, Task } from "../../domain/task.ts";
import type { TokenRow } from "../../storage/store.ts";
import type { ActionInfo } from "../../usecases/app.ts";

export function taskToWire(task: Task): TaskWire {
  return {
    id: task.id,
    number: task.number,
    action: task.action,
    params: { ...task.params },
    state: task.state,
    outcome: task.outcome,
    reason: task.reason,
    progress: task.progress,
    started_by: startedByToWire(task.startedBy),
    delivery_id: task.deliveryId,
    group: task.group,
    runs_on: task.runsOn === null ? null : [...task.runsOn],
    parent_id: task.parentId,
    node: task.node,
    attempt: task.attempt,
    position: task.position,
    hold: task.hold,
    approval: task.approval === null ? null : { ...task.approval, scopes: [...task.approval.scopes] },
    created_at: task.createdAt,
    started_at: task.startedAt,
    ended_at: task.endedAt,
    metadata: { ...task.metadata },
    correlation: { ...task.correlation },
    steps: task.steps.map((step) => stepToWire(step)),
  };
}

function startedByToWire(by: StartedBy): z.infer<typeof startedBySchema> {
  switch (by.type) {
    case "delivery":
      return { type: by.type, delivery_id: by.deliveryId, rule: by.rule };
    case "retry":
      return { type: by.type, task_id: by.taskId, by: by.by };
    case "part":
      return { type: by.type, task_id: by.taskId, node: by.node };
    case "undo":
      return { type: by.type, task_id: by.taskId, part: by.part };
    case "rollback":
      return { type: by.type, by: by.by, app: by.app, release: by.release };
    case "manual":
      return { type: by.type, by: by.by };
  }
}

const stepToWire = (step: StepRun): z.infer<typeof stepRunSchema> => ({
  index: step.index,
  phase: step.phase,
  name: step.name,
  kind: step.kind,
  state: step.state,
  exit_code: step.exitCode,
  outputs: { ...step.outputs },
  started_at: step.startedAt,
  ended_at: step.endedAt,
});

export const logEntryToWire = ({ taskId, ...rest }: LogEntry): LogEntryWire => ({ task_id: taskId, ...rest });

export function actionToWire({ name, description, params, steps }: ActionInfo): z.infer<typeof actionSchema> {
  const specs: Record<string, z.infer<typeof paramSpecSchema>> = {};
  for (const [key, { allowLeadingDash, ...spec }] of Object.entries(params)) {
    specs[key] = { ...spec, allow_leading_dash: allowLeadingDash };
  }
  return { name, description, params: specs, steps: [...steps] };
}

export const tokenToWire = (row: TokenRow): TokenWire => ({
  id: row.id,
  name: row.name,
  scopes: [...row.scopes],
  created_at: row.createdAt,
  expires_at: row.expiresAt,
  last_used_at: row.lastUsedAt,
  revoked_at: row.revokedAt,
});
