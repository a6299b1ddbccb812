import type { OneAsked } from "./app.ts";
import type { Services } from "./services.ts";

/** See App.purgeLog. */
export async function purgeLog(services: Services, { id, by, place }: OneAsked): Promise<number> {
  const { auditor, hub, now } = services;
  const audit = { asker: { by, place }, action: "log.purge", target: `task:${id}` } as const;
  const input = { taskId: id, by, now: now().toISOString() };
  const removed = await auditor.attemptRecorded(audit, "purgeLog", input);
  hub.notify(id);
  return removed;
}
