import type { Asker } from "../domain/audit.ts";
import { FRESH_ENDPOINT, isBroken } from "../domain/endpoint-state.ts";
import { AppError } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import type { Attempt } from "../outbound/attempt.ts";
import type { ReportRules } from "../domain/report.ts";
import type { Endpoint } from "../outbound/endpoint.ts";
import { reportDigest, reportEndpoint } from "../outbound/reports/make-reports.ts";
import { REPORTED } from "../outbound/wanted.ts";
import type { Settings } from "../settings/settings.ts";
import type { EndpointRecord } from "../storage/store.ts";
import type { EndpointInfo, EndpointInput, OneAsked } from "./app.ts";
import type { Services } from "./services.ts";

/** See App.listEndpoints. */
export async function listEndpoints({ store, settings, now }: Services): Promise<readonly EndpointInfo[]> {
  const { notify, reports } = settings.current();
  const records = new Map((await store.endpointRecords()).map((record) => [record.name, record]));
  const known = Object.values(notify).map((endpoint) => toInfo(endpoint, records.get(endpoint.name), now()));
  const told = Object.values(reports)
    .map(toReport)
    .flatMap((report) => {
      const record = records.get(report.name);
      // Nothing has ever been told there.
      return record === undefined ? [] : [toInfo(report, record, now())];
    });
  const names = new Set([...known, ...told].map(({ name }) => name));
  const gone = [...records.values()].filter(
    ({ name, waiting, dead }) => !names.has(name) && waiting + dead > 0,
  );
  return [...known, ...told, ...gone.map(withoutSettings)];
}

type Known = Pick<Endpoint, "name" | "kind" | "shownUrl" | "urlDigest" | "events" | "onlyFailures">;

/** The forge that reports go to. */
const toReport = (rules: ReportRules): Known => ({
  name: reportEndpoint(rules),
  kind: `report-${rules.forge}`,
  shownUrl: rules.apiUrl,
  urlDigest: reportDigest(rules),
  events: REPORTED,
  onlyFailures: false,
});

function toInfo(endpoint: Known, record: EndpointRecord | undefined, now: Date): EndpointInfo {
  const { name, kind, shownUrl: url, events, onlyFailures } = endpoint;
  const found = record ?? { ...FRESH_ENDPOINT, name, waiting: 0, dead: 0 };
  return { ...found, kind, url, events, onlyFailures, state: stateOf(endpoint, found, now) };
}

function stateOf(
  endpoint: Pick<Known, "urlDigest">,
  record: EndpointRecord,
  now: Date,
): EndpointInfo["state"] {
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
export function enableEndpoint({ auditor, settings }: Services, input: EndpointInput): Promise<void> {
  const { name } = input;
  const audit = { asker: input, action: "endpoint.enable", target: `endpoint:${name}` } as const;
  return auditor.attempt(audit, async () => {
    checkEndpoint(settings.current(), name);
    await auditor.recorded(audit, "enableEndpoint", name);
  });
}

/** See App.testEndpoint. */
export function testEndpoint(
  { auditor, outbound }: Pick<Services, "auditor" | "outbound">,
  input: EndpointInput,
): Promise<Attempt> {
  const { name } = input;
  const audit = { asker: input, action: "endpoint.test", target: `endpoint:${name}` } as const;
  return auditor.attempt(audit, async () => {
    const attempt = await outbound.test(name);
    await auditor.done({ ...audit, details: { status: attempt.answer?.status ?? null } });
    return attempt;
  });
}

function checkEndpoint({ notify }: Settings, name: string): void {
  if (Object.hasOwn(notify, name)) return;
  throw new AppError("endpoint:not_found", `There is no endpoint ${name} in the settings`);
}

/** See App.retryMessage. */
export function retryMessage({ auditor, now }: Services, input: OneAsked): Promise<Message> {
  const { id } = input;
  const audit = { asker: input, action: "message.retry", target: `message:${id}` } as const;
  return auditor.attempt(audit, async () => {
    const message = await auditor.recorded(audit, "retryMessage", { id, now: now().toISOString() });
    if (message !== null) return message;
    throw new AppError(
      "message:not_found",
      `There is no message ${id}, or it still waits, or a newer one has been sent in its place`,
    );
  });
}

/** See App.retryDeadMessages. */
export function retryDeadMessages(
  { auditor, now }: Services,
  { endpoint, ...asker }: Asker & { readonly endpoint: string | null },
): Promise<number> {
  const target = endpoint === null ? null : `endpoint:${endpoint}`;
  const audit = { asker, action: "message.retry", target } as const;
  return auditor.recorded(audit, "retryDeadMessages", { endpoint, now: now().toISOString() });
}
