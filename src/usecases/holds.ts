import type { Action } from "../domain/action.ts";
import { formatDuration } from "../lib/duration.ts";
import type { AfterHold, NewTask } from "../storage/store.ts";
import type { Services } from "./services.ts";
import { stopSuperseded } from "./stop-task.ts";

/** What keeps a new task of the action from starting at once. `createdAt`: RFC 3339. */
export function holdsOf({ approval }: Action, createdAt: string): Pick<NewTask, "hold" | "approval"> {
  if (approval === null) return {};
  const until = new Date(Date.parse(createdAt) + approval.expiresMs).toISOString();
  const reason = `Waits for approval, until ${until}`;
  return {
    hold: { type: "approval", until, reason },
    approval: { scopes: approval.scopes, decision: "pending", by: null, at: null },
  };
}

type SettleInput = Parameters<Services["store"]["settleHold"]>[0];

/** Ends a task's hold and tells who has to know. False when the task is no longer held like that. */
export async function settleHold(services: Services, input: Omit<SettleInput, "now">): Promise<boolean> {
  const { store, hub, queue, now } = services;
  const settled = await store.settleHold({ ...input, now: now().toISOString() });
  if (settled === null) return false;
  stopSuperseded(services, settled.superseded, input.id);
  hub.notify(input.id);
  queue.wake();
  return true;
}

/** What becomes of a task whose approval has not come in time. */
export function unapproved({ createdAt, until }: { createdAt: string; until: string }): AfterHold {
  const waited = formatDuration(Date.parse(until) - Date.parse(createdAt));
  return { type: "reject", reason: `Not approved within ${waited}` };
}
