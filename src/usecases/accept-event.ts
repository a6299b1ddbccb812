import type { Delivery, RuleReason } from "../domain/delivery.ts";
import type { HookEvent } from "../domain/event.ts";
import type { StoredDelivery } from "../storage/store.ts";
import { matchActions, type Match } from "../triggers/match.ts";
import { newTask } from "./new-task.ts";
import type { Services } from "./services.ts";
import { stopSuperseded } from "./stop-task.ts";

export interface AcceptInput {
  readonly delivery: Delivery;
  readonly body: Buffer;
  readonly fingerprint: string | null;
  readonly event: HookEvent;
}

export interface AcceptedEvent extends StoredDelivery {
  readonly reasons: readonly RuleReason[];
}

/** Stores an authentic delivery together with the tasks that its event starts, and wakes the queue. */
export async function acceptEvent(services: Services, input: AcceptInput): Promise<AcceptedEvent> {
  const { matches, reasons } = matchEvent(services, input.event);
  const stored = await services.store.storeDelivery({
    delivery: input.delivery,
    body: input.body,
    fingerprint: input.fingerprint,
    fingerprintsSince: replayWindowStart(services, input.delivery.receivedAt),
    tasks: matches.map((match) => taskOf(services, match, input.delivery)),
  });
  if (!stored.duplicate && stored.tasks.length > 0) {
    services.queue.wake();
    stopSuperseded(services, stored.superseded, stored.tasks[0]?.id ?? "");
  }
  return { ...stored, reasons };
}

/** A sender's connection test starts nothing, whatever the rules say. */
export function matchEvent(services: Services, event: HookEvent): ReturnType<typeof matchActions> {
  if (event.name === "ping") return { matches: [], reasons: [] };
  return matchActions({ event, actions: Object.values(services.settings.current().actions) });
}

function taskOf(services: Services, { action, rule, params }: Match, delivery: Delivery) {
  return newTask({
    action,
    params,
    startedBy: { type: "delivery", deliveryId: delivery.id, rule },
    deliveryId: delivery.id,
    settingsDigest: services.settings.current().digest,
    createdAt: delivery.receivedAt,
  });
}

export function replayWindowStart(services: Services, receivedAt: string): string {
  const { replayWindowMs } = services.settings.current().server;
  return new Date(Date.parse(receivedAt) - replayWindowMs).toISOString();
}
