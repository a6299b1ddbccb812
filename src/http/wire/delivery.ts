import type { z } from "zod";
import type {
  deliveryDetailSchema,
  deliverySchema,
  eventSchema,
  explanationSchema,
  ReceivedWire,
  startedTaskSchema,
} from "../../client/schemas.ts";
import type { Delivery } from "../../domain/delivery.ts";
import type { HealthReport, HookEvent } from "../../domain/event.ts";
import type { StartedTask } from "../../storage/store.ts";
import type { DeliveryDetail, Explanation, ReceivedDelivery } from "../../usecases/app.ts";

type EventWire = z.infer<typeof eventSchema>;

/** Only what the API shows, whatever else the object carries. */
export const startedToWire = ({
  id,
  action,
  state,
  outcome,
  hold,
  note,
}: StartedTask): z.infer<typeof startedTaskSchema> => ({
  id,
  action,
  state,
  outcome,
  ...(hold !== null && { hold }),
  ...(note !== null && { note }),
});

export function receivedToWire(received: ReceivedDelivery): ReceivedWire {
  const { deliveryId, duplicate, event, tasks, reasons, spooled = false } = received;
  return {
    delivery: deliveryId,
    duplicate,
    event: event.name,
    tasks: tasks.map(startedToWire),
    ...(reasons.length > 0 && tasks.length === 0 && { reasons: [...reasons] }),
    ...(spooled && { spooled }),
  };
}

export function deliveryToWire(delivery: Delivery): z.infer<typeof deliverySchema> {
  return {
    id: delivery.id,
    source: delivery.source,
    kind: delivery.kind,
    sender_id: delivery.senderId,
    event: delivery.event,
    headers: { ...delivery.headers },
    content_type: delivery.contentType,
    body_size: delivery.bodySize,
    verdict: delivery.verdict,
    reason: delivery.reason,
    replay_of: delivery.replayOf,
    received_at: delivery.receivedAt,
    remote_address: delivery.remoteAddress,
  };
}

export const deliveryDetailToWire = (detail: DeliveryDetail): z.infer<typeof deliveryDetailSchema> => ({
  ...deliveryToWire(detail),
  tasks: detail.tasks.map(startedToWire),
});

/** Without the payload and the headers, which the delivery has. */
function eventToWire(event: HookEvent): EventWire {
  const { senderName, cloneUrl, paths, health, payload: _payload, headers: _headers, ...same } = event;
  return {
    ...same,
    sender_name: senderName,
    clone_url: cloneUrl,
    paths: paths === null ? null : [...paths],
    health: health === null ? null : healthToWire(health),
  };
}

const healthToWire = ({ app, revision, healthyRevision, refusal }: HealthReport): EventWire["health"] => ({
  app,
  revision,
  healthy_revision: healthyRevision,
  refusal,
});

export function explanationToWire(explanation: Explanation): z.infer<typeof explanationSchema> {
  const { delivery, event, reasons, tasks } = explanation;
  return {
    delivery: deliveryToWire(delivery),
    event: event === null ? null : eventToWire(event),
    reasons: [...reasons],
    tasks: tasks.map(startedToWire),
  };
}
