import type { Action } from "../domain/action.ts";
import type { AuditEntry } from "../domain/audit.ts";
import type { Delivery, RuleReason } from "../domain/delivery.ts";
import type { NewDeploy } from "../domain/deploy.ts";
import { AppError } from "../domain/errors.ts";
import type { HookEvent } from "../domain/event.ts";
import type { Hold } from "../domain/hold.ts";
import { shorten } from "../lib/shorten.ts";
import { hearsRejections } from "../outbound/wanted.ts";
import { toEvent } from "../storage/auditor.ts";
import type { NewDelivery, StoredDelivery } from "../storage/store.ts";
import { matchActions, type Match } from "../triggers/match.ts";
import { type Advice, askMemory } from "./health-memory.ts";
import { AUDIT, DELIVERIES } from "./hub.ts";
import { newTask } from "./new-task.ts";
import { type DeployReport, deployReport, reportOf } from "./report-of.ts";
import type { Services } from "./services.ts";
import { stopSuperseded } from "./stop-task.ts";

export interface AcceptInput {
  readonly delivery: Delivery;
  readonly body: Buffer;
  readonly fingerprint: string | null;
  readonly event: HookEvent;
  /** Before anything else, what its tasks have to wait for. */
  readonly hold?: Hold | null;
  /** What the deploy API is to tell; `started`: whether there are tasks. */
  readonly deploy?: (started: boolean) => NewDeploy;
  /** Further events of the same delivery. */
  readonly more?: readonly HookEvent[] | undefined;
  readonly byHand?: ByHand;
  /** Who has it done; default: the sender. */
  readonly audit?: AuditEntry;
}

/** No sender's, but a person's wish. */
export interface ByHand {
  /** For the tasks' logs. */
  readonly note: string;
  /** See AskInput. */
  readonly explicit: boolean;
  readonly forced: string | null;
}

export interface AcceptedEvent extends StoredDelivery {
  readonly reasons: readonly RuleReason[];
}

type Refusal = NonNullable<Advice["refusal"]>;

/** Others that report on the same application at the same moment: each round one of them is done. */
const MAX_ROUNDS = 50;

/**
 * Stores an authentic delivery together with the tasks that its event starts, and wakes the queue.
 * Rejects `rollback:*` (stored as rejected, `details.delivery_id`) for a rollback that the memory of healthy revisions refuses.
 *
 * While the store works, nothing here holds the event: each young collection would copy the parsed payloads of all that
 * wait.
 */
export async function acceptEvent(services: Services, input: AcceptInput): Promise<AcceptedEvent> {
  for (let round = 1; ; round += 1) {
    const decision = await decide(services, input);
    // Not awaited: nobody can outrun it, and this function's frame ends.
    if (decision.type === "store" && decision.delivery.health === null) return carryOut(services, decision);
    try {
      return await carryOut(services, decision);
    } catch (error) {
      const outrun = error instanceof AppError && error.code === "store:conflict";
      if (!outrun || round === MAX_ROUNDS) throw error;
    }
  }
}

function advise(services: Services, { event, delivery, byHand }: AcceptInput): Promise<Advice> {
  const explicit = byHand?.explicit ?? delivery.replayOf !== null;
  const forced = byHand?.forced ?? null;
  return askMemory(services, { event, deliveryId: delivery.id, at: delivery.receivedAt, explicit, forced });
}

/** What an event leads to, before anything of it is stored. */
type Decision =
  | { readonly type: "repeats"; readonly deliveryId: string }
  | { readonly type: "refuse"; readonly input: AcceptInput; readonly refusal: Refusal }
  | {
      readonly type: "store";
      readonly delivery: NewDelivery;
      readonly reasons: readonly RuleReason[];
    };

async function decide(services: Services, input: AcceptInput): Promise<Decision> {
  const { event, entry, repeats, refusal } = await advise(services, input);
  if (repeats !== null) return { type: "repeats", deliveryId: repeats };
  const { matches, reasons } = matchEvent(services, event, input.more);
  if (refusal !== null) reportRefusal(services, input.delivery, refusal.code);
  if (refusal !== null && matches.length === 0) return { type: "refuse", input, refusal };
  const byDeploy = await deployReport(services, event, input.delivery);
  const delivery: NewDelivery = {
    delivery: refusal === null ? input.delivery : { ...input.delivery, reason: refusal.reason },
    body: input.body,
    fingerprint: input.fingerprint,
    fingerprintsSince: replayWindowStart(services, input.delivery.receivedAt),
    tasks: matches
      .map((match) => taskOf(services, match, { ...input, byDeploy }))
      .map((task) => (input.hold ? { ...task, hold: input.hold } : task)),
    deploy: input.deploy?.(matches.length > 0) ?? null,
    // A rollback that no action takes up is none.
    health: entry?.type === "rollback" && matches.length === 0 ? null : entry,
    audit: matches.length === 0 ? null : toEvent(input.audit ?? sentBy(input.delivery), services.now()),
  };
  return { type: "store", delivery, reasons };
}

async function carryOut(services: Services, decision: Decision): Promise<AcceptedEvent> {
  if (decision.type === "repeats") return answerAsFirst(services, decision.deliveryId);
  if (decision.type === "refuse") return refuse(services, decision.input, decision.refusal);
  const { delivery, reasons } = decision;
  const stored = await services.store.storeDelivery(delivery);
  services.hub.notify(DELIVERIES);
  if (stored.tasks.length > 0) services.hub.notify(AUDIT);
  if (delivery.health) logHealth(services, delivery.health);
  if (!stored.duplicate && stored.tasks.length > 0) {
    // Not before: a task that is handed out in the commit that stores it would count as begun, and end as lost, where the server
    // is killed before it has answered.
    services.queue.wake();
    stopSuperseded(services, stored.superseded, stored.tasks[0]?.id ?? "");
  }
  return { ...stored, reasons };
}

/** By its secret, a sender has shown which source it is. */
const sentBy = ({ id, source, kind, remoteAddress: address }: Delivery): AuditEntry => ({
  asker: { by: `source:${source}`, place: { way: kind === "jobserv" ? "foundries" : "webhook", address } },
  action: "task.start",
  target: null,
  details: { delivery: id },
});

function logHealth(
  { logger }: Services,
  { deliveryId: delivery, ...entry }: NonNullable<Advice["entry"]>,
): void {
  logger.info({ delivery, ...entry }, SAYINGS[entry.type]);
}

const SAYINGS = { healthy: "Remembered a healthy revision", rollback: "Rolling back" } as const;

async function answerAsFirst({ store }: Services, deliveryId: string): Promise<AcceptedEvent> {
  const [first, tasks] = await Promise.all([
    store.getDelivery(deliveryId),
    store.tasksOfDelivery(deliveryId),
  ]);
  const { verdict = "accepted", reason = null } = first ?? {};
  return { deliveryId, duplicate: true, verdict, reason, tasks, superseded: [], reasons: [] };
}

async function refuse(
  services: Services,
  { delivery, body, fingerprint }: AcceptInput,
  { code, reason }: Refusal,
): Promise<never> {
  const rejected: Delivery = { ...delivery, verdict: "rejected", reason };
  const fingerprintsSince = replayWindowStart(services, delivery.receivedAt);
  const stored = await services.store.storeDelivery({
    delivery: rejected,
    body,
    fingerprint,
    fingerprintsSince,
    tasks: [],
    notify: hearsRejections(services.settings.current().notify),
  });
  services.hub.notify(DELIVERIES);
  throw new AppError(code, reason, { details: { delivery_id: stored.deliveryId } });
}

function reportRefusal(
  services: Services,
  { id, source, remoteAddress }: Delivery,
  code: Refusal["code"],
): void {
  services.refusals.count({ name: code, source });
  services.refusalLog({ source, code, remoteAddress, delivery: id });
}

export function matchEvent(
  services: Services,
  event: HookEvent,
  more: readonly HookEvent[] = [],
): { readonly matches: readonly EventMatch[]; readonly reasons: readonly RuleReason[] } {
  const actions = Object.values(services.settings.current().actions);
  if (more.length === 0) return matchActions({ event, actions });
  const results = [event, ...more].map((each, eventIndex) => ofEvent(each, eventIndex, actions));
  return {
    matches: results.flatMap(({ matches }) => matches),
    reasons: results.flatMap(({ reasons }) => reasons),
  };
}

interface EventMatch extends Match {
  readonly eventIndex?: number;
}

/** Where there are several, each reason says which it is of. */
function ofEvent(event: HookEvent, eventIndex: number, actions: readonly Action[]) {
  const { matches, reasons } = matchActions({ event, actions });
  const about = event.ref === null ? `Event ${eventIndex + 1}` : shorten(event.ref);
  return {
    matches: matches.map((match) => ({ ...match, eventIndex })),
    reasons: reasons.map((reason) => ({ ...reason, explanation: `${about}: ${reason.explanation}` })),
  };
}

function taskOf(
  services: Services,
  { action, rule, params, correlation, eventIndex }: EventMatch,
  { delivery, byHand, event, more = [], byDeploy }: AcceptInput & { readonly byDeploy: DeployReport },
) {
  const settings = services.settings.current();
  return newTask({
    action,
    params,
    correlation,
    startedBy: { type: "delivery", deliveryId: delivery.id, rule, eventIndex },
    deliveryId: delivery.id,
    settings,
    report: reportOf({
      reports: settings.reports,
      action: action.name,
      params,
      event: [event, ...more][eventIndex ?? 0] ?? event,
      byDeploy,
    }),
    automatic: delivery.replayOf === null && byHand === undefined,
    note: byHand?.note,
    createdAt: delivery.receivedAt,
  });
}

export function replayWindowStart(services: Services, receivedAt: string): string {
  const { replayWindowMs } = services.settings.current().server;
  return new Date(Date.parse(receivedAt) - replayWindowMs).toISOString();
}
