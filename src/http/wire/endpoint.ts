import type { AttemptWire, EndpointWire, MessageWire } from "../../client/schemas.ts";
import type { Message } from "../../domain/message.ts";
import type { App, EndpointInfo } from "../../usecases/app.ts";

export const endpointToWire = (info: EndpointInfo): EndpointWire => ({
  name: info.name,
  kind: info.kind,
  url: info.url,
  state: info.state,
  events: [...info.events],
  only_failures: info.onlyFailures,
  waiting: info.waiting,
  dead: info.dead,
  failures: info.failures,
  closed_until: info.closedUntil,
  last_status: info.lastStatus,
  last_error: info.lastError,
  last_attempt_at: info.lastAttemptAt,
  last_success_at: info.lastSuccessAt,
});

export const messageToWire = (message: Message): MessageWire => ({
  id: message.id,
  endpoint: message.endpoint,
  type: message.type,
  task_id: message.taskId,
  retry_of: message.retryOf,
  state: message.state,
  attempts: message.attempts,
  due_at: message.dueAt,
  status: message.status,
  error: message.error,
  created_at: message.createdAt,
  ended_at: message.endedAt,
  body: message.body,
});

/** Of a bearer token nothing is shown; a signature is of this one body, and worth nothing. */
const HIDDEN = new Set(["authorization", "cookie"]);

export function attemptToWire({
  request,
  answer,
  error,
}: Awaited<ReturnType<App["testEndpoint"]>>): AttemptWire {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = HIDDEN.has(name) ? "***" : value;
  return {
    delivered: error === null,
    error,
    request: { method: request.method, headers, body: request.body },
    answer: answer === null ? null : { status: answer.status, body: answer.body },
  };
}
