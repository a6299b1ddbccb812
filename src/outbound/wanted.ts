import type { Action } from "../domain/action.ts";
import type { NoticeType } from "../domain/notice.ts";
import type { Endpoint } from "./endpoint.ts";

export type Endpoints = Readonly<Record<string, Endpoint>>;

/** The endpoints that are told of an action's tasks; null for one that the settings do not have any more. */
export function endpointsOf(
  endpoints: Endpoints,
  action: Pick<Action, "notify"> | null,
): readonly Endpoint[] {
  const { notify } = action ?? { notify: null };
  return Object.values(endpoints).filter(({ name }) => notify === null || notify.includes(name));
}

/** Whether an endpoint has to hear of it: to send it on, or to know that failures are over. */
export function hears(endpoint: Endpoint, type: NoticeType): boolean {
  if (endpoint.groupMs !== null && type === "task.completed" && wants(endpoint, "task.failed")) return true;
  return wants(endpoint, type);
}

/** Whether an endpoint is sent such a notice. */
export function wants({ events, onlyFailures, says }: Endpoint, type: NoticeType): boolean {
  if (type === "task.recovered" || type === "endpoint.test") return says(type);
  return events.includes(type) && (!onlyFailures || FAILURES.has(type));
}

const FAILURES: ReadonlySet<NoticeType> = new Set<NoticeType>(["task.failed", "delivery.rejected"]);

/** All that can be told of a task; forges are told of all of it. */
export const REPORTED = [
  "task.queued",
  "task.started",
  "task.completed",
  "task.failed",
  "task.cancelled",
] as const;

/**
 * What a new task of the action has to leave notices of; kept with the task, so that one that nobody asks about costs nothing.
 * `reported`: its forge is told of it.
 */
export function noticesOf(
  endpoints: Endpoints,
  action: Pick<Action, "notify">,
  reported: boolean,
): readonly NoticeType[] {
  if (reported) return REPORTED;
  const told = endpointsOf(endpoints, action);
  return REPORTED.filter((type) => told.some((endpoint) => hears(endpoint, type)));
}

/** Whether anybody is to be told of a rejected delivery. */
export const hearsRejections = (endpoints: Endpoints): boolean =>
  Object.values(endpoints).some((endpoint) => hears(endpoint, "delivery.rejected"));
