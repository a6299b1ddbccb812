import type { Delivery } from "../domain/delivery.ts";
import { AppError } from "../domain/errors.ts";
import type { HookEvent } from "../domain/event.ts";
import { newId } from "../lib/ids.ts";
import type { DescribeResult } from "../sources/source.ts";
import { acceptEvent, matchEvent } from "./accept-event.ts";
import type { OneAsked, ReceivedDelivery } from "./app.ts";
import { askMemory } from "./health-memory.ts";
import { describeStored, findDelivery, getDeliveryBody } from "./read-deliveries.ts";
import type { Services } from "./services.ts";

/** See App.replayDelivery. */
export function replayDelivery(services: Services, input: ReplayInput): Promise<ReceivedDelivery> {
  if (input.dryRun) return replay(services, input);
  const audit = { asker: input, action: "delivery.replay", target: `delivery:${input.id}` } as const;
  return services.auditor.attempt(audit, () => replay(services, input));
}

type ReplayInput = OneAsked & { readonly dryRun: boolean };

async function replay(services: Services, { id, dryRun, ...asker }: ReplayInput): Promise<ReceivedDelivery> {
  const { store, settings } = services;
  const original = await findDelivery(store, id);
  const body = await getDeliveryBody(store, id);
  const described = describeStored({ delivery: original, body, settings: settings.current() });
  if (!described.ok) throw new AppError("delivery:not_replayable", described.reason);
  const { event, more } = described;
  const delivery = replayOf(original, services.now());
  if (dryRun) {
    const asked = { event, deliveryId: delivery.id, at: delivery.receivedAt, explicit: true };
    return plannedReplay(services, original, {
      ...described,
      event: (await askMemory(services, asked)).event,
    });
  }
  services.logger.info({ delivery: delivery.id, original: id, by: asker.by }, "Replaying a delivery");
  const stored = await acceptEvent(services, {
    delivery,
    body,
    fingerprint: null,
    event,
    more,
    audit: { asker, action: "delivery.replay", target: `delivery:${delivery.id}`, details: { of: id } },
  });
  return { ...stored, ...summary(event) };
}

/** A new delivery: the sender's id stays with the first, which it identifies. */
function replayOf(original: Delivery, now: Date): Delivery {
  return {
    ...original,
    id: newId(),
    senderId: null,
    verdict: "accepted",
    reason: null,
    replayOf: original.id,
    receivedAt: now.toISOString(),
  };
}

function plannedReplay(
  services: Services,
  original: Delivery,
  { event, more }: Extract<DescribeResult, { ok: true }>,
): ReceivedDelivery {
  return {
    deliveryId: original.id,
    duplicate: false,
    verdict: original.verdict,
    reason: original.reason,
    tasks: [],
    superseded: [],
    reasons: matchEvent(services, event, more).reasons,
    ...summary(event),
  };
}

const summary = ({ name, senderName }: HookEvent): Pick<ReceivedDelivery, "event" | "ping"> => ({
  event: { name, senderName },
  ping: name === "ping",
});
