import { FRESH_ENDPOINT, isBroken } from "../domain/endpoint-state.ts";
import { AppError } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import type { Endpoint } from "../outbound/endpoint.ts";
import type { EndpointRecord } from "../storage/store.ts";
import type { EndpointInfo } from "./app.ts";
import type { Services } from "./services.ts";

/** See App.listEndpoints. */
export async function listEndpoints({ store, settings, now }: Services): Promise<readonly EndpointInfo[]> {
  const { notify } = settings.current();
  const records = new Map((await store.endpointRecords()).map((record) => [record.name, record]));
  const known = Object.values(notify).map((endpoint) => toInfo(endpoint, records.get(endpoint.name), now()));
  const gone = [...records.values()].filter(
    ({ name, waiting, dead }) => !Object.hasOwn(notify, name) && waiting + dead > 0,
  );
  return [...known, ...gone.map(withoutSettings)];
}

function toInfo(endpoint: Endpoint, record: EndpointRecord | undefined, now: Date): EndpointInfo {
  const { name, kind, shownUrl: url, events, onlyFailures } = endpoint;
  const found = record ?? { ...FRESH_ENDPOINT, name, waiting: 0, dead: 0 };
  return { ...found, kind, url, events, onlyFailures, state: stateOf(endpoint, found, now) };
}

function stateOf(endpoint: Endpoint, record: EndpointRecord, now: Date): EndpointInfo["state"] {
  if (record.disabledUrl === endpoint.urlDigest) return "disabled";
  if (isBroken(record)) return "broken";
  return record.closedUntil !== null && record.closedUntil > now.toISOString() ? "paused" : "active";
}

const withoutSettings = (record: EndpointRecord): EndpointInfo => ({
  ...record,
  kind: null,
  url: null,
  events: [],
  onlyFailures: false,
  state: "unknown",
});

/** See App.enableEndpoint. */
export async function enableEndpoint({ store, settings }: Services, name: string): Promise<void> {
  if (!Object.hasOwn(settings.current().notify, name)) {
    throw new AppError("endpoint:not_found", `There is no endpoint ${name} in the settings`);
  }
  await store.enableEndpoint(name);
}

/** See App.retryMessage. */
export async function retryMessage({ store, now }: Services, id: string): Promise<Message> {
  const message = await store.retryMessage({ id, now: now().toISOString() });
  if (message === null)
    throw new AppError("message:not_found", `There is no message ${id}, or it still waits`);
  return message;
}
