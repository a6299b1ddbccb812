import type { Delivery } from "../domain/delivery.ts";
import { AppError } from "../domain/errors.ts";
import type { DescribeResult } from "../sources/source.ts";
import type { Settings } from "../settings/settings.ts";
import type { Store } from "../storage/store.ts";
import type { DeliveryDetail } from "./app.ts";

const notFound = (id: string): AppError => new AppError("delivery:not_found", `There is no delivery ${id}`);

export async function findDelivery(store: Pick<Store, "getDelivery">, id: string): Promise<Delivery> {
  const delivery = await store.getDelivery(id);
  if (delivery === null) throw notFound(id);
  return delivery;
}

/** See App.getDelivery. */
export async function getDelivery(store: Store, id: string): Promise<DeliveryDetail> {
  const [delivery, tasks] = await Promise.all([findDelivery(store, id), store.tasksOfDelivery(id)]);
  return { ...delivery, tasks };
}

/** See App.getDeliveryBody. */
export async function getDeliveryBody(
  store: Pick<Store, "getDelivery" | "getDeliveryBody">,
  id: string,
): Promise<Buffer> {
  const body = await store.getDeliveryBody(id);
  if (body !== null) return body;
  await findDelivery(store, id);
  throw new AppError(
    "delivery:no_body",
    `The body of delivery ${id} is not kept any more (retention), or lost`,
  );
}

export interface DescribeStoredInput {
  readonly delivery: Delivery;
  readonly body: Buffer;
  readonly settings: Settings;
}

/** What a stored delivery means to the source of that name as `settings` have it. */
export function describeStored({ delivery, body, settings }: DescribeStoredInput): DescribeResult {
  const source = settings.sources[delivery.source]?.source;
  if (source === undefined) {
    return { ok: false, reason: `The settings have no source ${delivery.source} any more` };
  }
  const contentType = delivery.contentType === null ? {} : { "content-type": delivery.contentType };
  return source.describe({ headers: { ...delivery.headers, ...contentType }, body });
}
