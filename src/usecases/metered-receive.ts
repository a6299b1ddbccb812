import { AppError } from "../domain/errors.ts";
import type { App, ReceivedDelivery } from "./app.ts";
import type { DeliveryVerdict, Meters } from "./meters.ts";

type Receive = App["receiveDelivery"];

/** Counts webhooks by what became of them. */
export function meteredReceive(receive: Receive, meters: Meters): Receive {
  const measure: Receive = async (input) => {
    const begin = performance.now();
    try {
      const received = await receive(input);
      meters.delivery(input.source, verdictOf(received), performance.now() - begin);
      return received;
    } catch (error) {
      meters.delivery(input.source, failureOf(error), performance.now() - begin);
      throw error;
    }
  };
  return (input) => (meters.on ? measure(input) : receive(input));
}

const verdictOf = ({ duplicate, spooled }: ReceivedDelivery): DeliveryVerdict =>
  duplicate ? "duplicate" : spooled === true ? "spooled" : "accepted";

function failureOf(error: unknown): DeliveryVerdict {
  if (!(error instanceof AppError)) return "failed";
  const { code, details } = error;
  if ("delivery_id" in details) return "rejected";
  if (/^(signature|source):/.test(code)) return "refused";
  return /^(store|server):/.test(code) ? "unavailable" : "failed";
}
