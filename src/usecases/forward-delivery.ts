import { AppError } from "../domain/errors.ts";
import type { QueuedDelivery } from "../storage/store.ts";
import { hearsRejections } from "../outbound/wanted.ts";
import { acceptEvent, replayWindowStart } from "./accept-event.ts";
import { describeStored } from "./read-deliveries.ts";
import type { Services } from "./services.ts";

/**
 * Stores a delivery that has waited on this machine, under the id that its sender was told, with the tasks that it starts by
 * the settings as they are now. Does nothing when it is stored already: a crash, or an answer that came too late, may have
 * come between that and the note of it.
 */
export async function forwardDelivery(
  services: Services,
  { delivery, fingerprint }: QueuedDelivery,
  body: Buffer,
): Promise<void> {
  const { store, settings, logger } = services;
  if ((await store.getDelivery(delivery.id)) !== null) return;
  const described = describeStored({ delivery, body, settings: settings.current() });
  const input = { delivery, body, fingerprint };
  if (delivery.verdict === "rejected" || !described.ok) {
    const reason = described.ok ? delivery.reason : (delivery.reason ?? described.reason);
    const rejected = { ...delivery, verdict: "rejected", reason } as const;
    const fingerprintsSince = replayWindowStart(services, delivery.receivedAt);
    const notify = hearsRejections(settings.current().notify);
    await store.storeDelivery({ ...input, delivery: rejected, fingerprintsSince, tasks: [], notify });
    return;
  }
  try {
    const { event, more } = described;
    const { duplicate, deliveryId } = await acceptEvent(services, { ...input, event, more });
    if (duplicate)
      logger.info({ delivery: delivery.id, first: deliveryId }, "A kept delivery had come before");
  } catch (error) {
    // Stored as rejected, which is what it has come to.
    if (!(error instanceof AppError && error.code.startsWith("rollback:"))) throw error;
  }
}
