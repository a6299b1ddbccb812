import type { Delivery } from "../domain/delivery.ts";
import { AppError } from "../domain/errors.ts";
import { newId } from "../lib/ids.ts";
import { hearsRejections } from "../outbound/wanted.ts";
import type { SourceSettings } from "../settings/settings.ts";
import type { BoundSource, DescribeResult, IncomingRequest } from "../sources/source.ts";
import { type AcceptedEvent, acceptEvent, replayWindowStart } from "./accept-event.ts";
import type { ReceivedDelivery, ReceiveInput } from "./app.ts";
import { DELIVERIES } from "./hub.ts";
import { keptHeaders } from "./kept-headers.ts";
import type { Refusal } from "./refusal-log.ts";
import type { Services } from "./services.ts";
import type { Spool } from "./spool.ts";

/** See App.receiveDelivery. */
export async function receiveDelivery(
  services: Services,
  { source: name, request, remoteAddress, requestId }: ReceiveInput,
): Promise<ReceivedDelivery> {
  const entry = services.settings.current().sources[name];
  if (entry === undefined) throw new AppError("source:not_found");
  const { source } = entry;
  const asker = { remoteAddress, requestId };
  checkAddress(services, entry, asker);
  const now = services.now();
  const fingerprint = await authenticate(services, { source, request, now, asker });
  const described = source.describe(request);
  const delivery: Delivery = {
    id: newId(),
    source: source.name,
    kind: source.kind,
    senderId: source.senderId(request),
    event: source.eventName(request),
    headers: keptHeaders(services, { source, request, requestId }),
    contentType: request.headers["content-type"] ?? null,
    bodySize: request.body.length,
    verdict: described.ok ? "accepted" : "rejected",
    reason: described.ok ? null : described.reason,
    replayOf: null,
    receivedAt: now.toISOString(),
    remoteAddress,
  };
  const input = { delivery, body: request.body, fingerprint };
  const store = (): Promise<ReceivedDelivery> =>
    described.ok ? accept(services, input, described) : rejectDelivery(services, input, described.reason);
  return services.spool === null ? store() : orSpool(services.spool, services, { input, described, store });
}

interface Storing {
  readonly input: Authenticated;
  readonly described: DescribeResult;
  readonly store: () => Promise<ReceivedDelivery>;
}

/** On this machine's disk while the store is away: what it starts is decided when it is back. */
async function orSpool(
  spool: Spool,
  services: Services,
  { input, described, store }: Storing,
): Promise<ReceivedDelivery> {
  const fingerprintsSince = replayWindowStart(services, input.delivery.receivedAt);
  const result = await spool.receive({ ...input, fingerprintsSince }, store);
  if (!result.spooled) return result.received;
  const { stored } = result;
  if (!described.ok || stored.verdict === "rejected") throw malformed(stored.deliveryId, stored.reason);
  const { name, senderName } = described.event;
  return { ...stored, reasons: [], event: { name, senderName }, ping: name === "ping", spooled: true };
}

interface Authenticated {
  readonly delivery: Delivery;
  readonly body: Buffer;
  readonly fingerprint: string | null;
}

type SenderOfRequest = Pick<Refusal, "remoteAddress" | "requestId">;

/** Before anything else: who may not even knock shall not learn whether a secret is right. */
function checkAddress(services: Services, entry: SourceSettings, asker: SenderOfRequest): void {
  const { allowFrom, source } = entry;
  const { remoteAddress } = asker;
  if (allowFrom === null || (remoteAddress !== null && allowFrom.has(remoteAddress))) return;
  refuse(services, { source: source.name, code: "source:address", ...asker });
  throw new AppError("source:address", `${source.name} takes no webhooks from ${remoteAddress ?? "there"}`);
}

/** See App.noteRefusal. */
export function refuse(services: Services, refusal: Refusal): void {
  services.refusals.count({ name: refusal.code, source: refusal.source });
  services.refusalLog(refusal);
}

type Described = Extract<DescribeResult, { ok: true }>;

/** Waits without holding the event: see acceptEvent. */
function accept(
  services: Services,
  input: Authenticated,
  { event, more }: Described,
): Promise<ReceivedDelivery> {
  const about = { name: event.name, senderName: event.senderName };
  return acceptEvent(services, { ...input, event, more }).then((stored) => toReceived(stored, about));
}

function toReceived(stored: AcceptedEvent, event: ReceivedDelivery["event"]): ReceivedDelivery {
  // The first of two equal ids had a body that could not be used: the second is answered as the first was.
  if (stored.verdict === "rejected") throw malformed(stored.deliveryId, stored.reason);
  return {
    ...stored,
    reasons: stored.tasks.length === 0 ? stored.reasons : [],
    event,
    ping: event.name === "ping",
  };
}

/** Stores what is authentic but can't be used, so that people find out why nothing happened; then says so. */
async function rejectDelivery(services: Services, input: Authenticated, reason: string): Promise<never> {
  const fingerprintsSince = replayWindowStart(services, input.delivery.receivedAt);
  const notify = hearsRejections(services.settings.current().notify);
  const stored = await services.store.storeDelivery({ ...input, fingerprintsSince, tasks: [], notify });
  services.hub.notify(DELIVERIES);
  throw malformed(stored.deliveryId, stored.reason ?? reason);
}

const malformed = (deliveryId: string, reason: string | null): AppError =>
  new AppError("body:malformed", reason ?? undefined, { details: { delivery_id: deliveryId } });

interface AuthenticateInput {
  readonly source: BoundSource;
  readonly request: IncomingRequest;
  readonly now: Date;
  readonly asker: SenderOfRequest;
}

/** The fingerprint to look for replays by, or null where the sender's id does. */
async function authenticate(services: Services, input: AuthenticateInput): Promise<string | null> {
  const { source, request, now, asker } = input;
  const { publicKeys } = source;
  const result =
    publicKeys === null
      ? source.authenticate(request, now)
      : await services.publishedKeys.check(publicKeys, (keys) => source.authenticate(request, now, keys));
  if (result.ok) return source.fingerprintIsUnique ? result.fingerprint : null;
  refuse(services, { source: source.name, code: result.code, ...asker });
  throw new AppError(result.code, result.explanation);
}
