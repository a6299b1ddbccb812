import { matchEvent } from "./accept-event.ts";
import type { Explanation } from "./app.ts";
import { recallHealth } from "./health-memory.ts";
import { describeStored, findDelivery, getDeliveryBody } from "./read-deliveries.ts";
import type { Services } from "./services.ts";

/** See App.explainDelivery. */
export async function explainDelivery(services: Services, id: string): Promise<Explanation> {
  const { store, settings } = services;
  const delivery = await findDelivery(store, id);
  const [body, tasks] = await Promise.all([getDeliveryBody(store, id), store.tasksOfDelivery(id)]);
  const described = describeStored({ delivery, body, settings: settings.current() });
  if (!described.ok) {
    const reason = delivery.reason ?? described.reason;
    return { delivery: { ...delivery, reason }, event: null, reasons: [], tasks };
  }
  const event = await recallHealth(services, described.event, delivery);
  return { delivery, event, reasons: matchEvent(services, event, described.more).reasons, tasks };
}
