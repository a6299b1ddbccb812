import type { Notice } from "../domain/notice.ts";
import type { StepRun, Task } from "../domain/task.ts";
import type { Links } from "./links.ts";

/**
 * A notice as data, in the words of our API: what `standard-webhooks` and the templates of `generic` get. What whoever
 * started the task wants to hear back is in `correlation`.
 */
export function noticeData(notice: Notice, links: Links): Readonly<Record<string, unknown>> {
  const { type, id, at, task, delivery, failures } = notice;
  return {
    type,
    timestamp: at,
    data: {
      event_id: id,
      ...(task !== null && { task: taskData(task), url: links.task(task) }),
      ...(delivery !== null && {
        delivery: {
          id: delivery.id,
          source: delivery.source,
          event: delivery.event,
          sender_id: delivery.senderId,
          reason: delivery.reason,
          received_at: delivery.receivedAt,
        },
        url: links.delivery(delivery.id),
      }),
      ...(failures > 0 && { failures }),
      correlation: task?.correlation ?? {},
    },
  };
}

const taskData = (task: Task): Readonly<Record<string, unknown>> => ({
  id: task.id,
  number: task.number,
  action: task.action,
  params: task.params,
  state: task.state,
  outcome: task.outcome,
  reason: task.reason,
  delivery_id: task.deliveryId,
  node: task.node,
  attempt: task.attempt,
  created_at: task.createdAt,
  started_at: task.startedAt,
  ended_at: task.endedAt,
  steps: task.steps.map((step) => stepData(step)),
});

const stepData = (step: StepRun): Readonly<Record<string, unknown>> => ({
  name: step.name,
  kind: step.kind,
  phase: step.phase,
  state: step.state,
  exit_code: step.exitCode,
  started_at: step.startedAt,
  ended_at: step.endedAt,
});
