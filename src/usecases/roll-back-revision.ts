import type { Asker, AuditEntry } from "../domain/audit.ts";
import type { Delivery } from "../domain/delivery.ts";
import { AppError } from "../domain/errors.ts";
import type { HookEvent } from "../domain/event.ts";
import { isSame, type HealthEntry } from "../domain/rollback.ts";
import { newId } from "../lib/ids.ts";
import type { SourceSettings } from "../settings/settings.ts";
import type { StartedTask } from "../storage/store.ts";
import { acceptEvent, matchEvent } from "./accept-event.ts";
import { askMemory } from "./health-memory.ts";
import type { Services } from "./services.ts";

export interface RollBackRevisionInput extends Asker {
  readonly app: string;
  /** Null: whichever source knows the app. */
  readonly source: string | null;
  /** Null: the last healthy one before the current one. Its beginning is enough. */
  readonly to: string | null;
  /** In their words. */
  readonly reason: string | null;
  readonly dryRun: boolean;
  /** Do it whatever was done before, and also to a revision that was never reported healthy. */
  readonly override: boolean;
}

export interface RevisionRollback {
  readonly source: string;
  /** Empty: the source stands for one application. */
  readonly app: string;
  readonly from: string;
  readonly to: string;
  readonly actions: readonly string[];
  /** Null for a dry run. */
  readonly deliveryId: string | null;
  readonly tasks: readonly StartedTask[];
}

/**
 * See App.rollBackRevision. A person takes the part of the sender that reports the current revision as degraded: what is
 * stored is a delivery like any other, which can be explained and replayed.
 */
export function rollBackRevision(
  services: Services,
  input: RollBackRevisionInput,
): Promise<RevisionRollback> {
  if (input.dryRun) return rollBack(services, input, null);
  const details = { to: input.to, reason: input.reason };
  const audit = { asker: input, action: "revision.rollback", target: `app:${input.app}`, details } as const;
  return services.auditor.attempt(audit, () => rollBack(services, input, audit));
}

async function rollBack(
  services: Services,
  input: RollBackRevisionInput,
  audit: AuditEntry | null,
): Promise<RevisionRollback> {
  const memory = await findMemory(services, input);
  const history = await services.store.healthHistory(memory);
  const from = history[0]?.revision ?? null;
  if (from === null) throw unknown(input.app);
  const to = input.to === null ? null : findTarget(history, { ...input, to: input.to, from });
  const prepared = prepare(services, { ...memory, from, to });
  const forced = input.override ? to : null;
  const explicit = input.override;
  const { id: deliveryId, receivedAt: at } = prepared.delivery;
  const advice = await askMemory(services, { event: prepared.event, deliveryId, at, explicit, forced });
  if (advice.repeats !== null) throw repeated(from);
  if (advice.refusal !== null) throw new AppError(advice.refusal.code, advice.refusal.reason);
  const actions = matchEvent(services, advice.event).matches.map(({ action }) => action.name);
  if (actions.length === 0) {
    const message = `No action starts when ${memory.source} reports ${input.app} as Degraded`;
    throw new AppError("rollback:no_action", message);
  }
  const plan = { ...memory, from, to: advice.event.health?.healthyRevision ?? "", actions };
  if (audit === null) return { ...plan, deliveryId: null, tasks: [] };
  const said = `Rolled back by ${input.by}${input.reason === null ? "" : `: ${input.reason}`}`;
  const byHand = { note: said, explicit, forced };
  const stored = await acceptEvent(services, { ...prepared, fingerprint: null, byHand, audit });
  if (stored.duplicate) throw repeated(from);
  return { ...plan, deliveryId: stored.deliveryId, tasks: stored.tasks };
}

const unknown = (app: string): AppError =>
  new AppError("rollback:no_healthy_revision", `No healthy revision of ${app} is known`);

const repeated = (from: string): AppError =>
  new AppError("rollback:repeated", `${from} was rolled back from already, and nothing was healthy since`);

interface Memory {
  readonly source: string;
  readonly app: string;
}

/** Where nothing names applications, the source's name stands for its one. */
async function findMemory(
  { store }: Services,
  { app, source }: Pick<RollBackRevisionInput, "app" | "source">,
): Promise<Memory> {
  const known = await store.healthApps();
  const found = known
    .filter((each) => each.app === app || (each.app === "" && each.source === app))
    .filter((each) => source === null || each.source === source);
  const [memory] = found;
  if (memory === undefined) throw unknown(app);
  if (found.length === 1) return memory;
  const names = found.map((each) => each.source).join(", ");
  throw new AppError("request:invalid", `Several sources know ${app}; name one of them: ${names}`);
}

interface TargetInput {
  readonly to: string;
  readonly from: string;
  readonly app: string;
  readonly override: boolean;
}

function findTarget(history: readonly HealthEntry[], { to, from, app, override }: TargetInput): string {
  if (isSame(to, from)) throw new AppError("rollback:current", `${app} is at ${from} already`);
  const healthy = history.filter(({ type }) => type === "healthy").map(({ revision }) => revision);
  const found = [...new Set(healthy)].filter((revision) => revision.startsWith(to));
  const [target] = found;
  if (found.length > 1) throw new AppError("request:invalid", `${to} could be any of ${found.join(", ")}`);
  if (target !== undefined) return target;
  if (override) return to;
  throw new AppError("rollback:not_healthy", `${to} was never reported healthy of ${app}`);
}

interface Prepared {
  readonly delivery: Delivery;
  readonly body: Buffer;
  readonly event: HookEvent;
}

/** What the sender would have sent. Throws `rollback:no_healthy_revision` where the source is gone from the settings. */
function prepare(
  { settings, now }: Services,
  { source, app, from, to }: Memory & { readonly from: string; readonly to: string | null },
): Prepared {
  const entry: SourceSettings | undefined = settings.current().sources[source];
  if (entry === undefined) throw unknown(app);
  const payload = {
    ...(app !== "" && { app }),
    failed_revision: from,
    ...(to !== null && { healthy_revision: to }),
  };
  const body = Buffer.from(JSON.stringify({ event_type: "rollback", client_payload: payload }));
  const request = { headers: { "content-type": "application/json" }, body };
  const described = entry.source.describe(request);
  if (!described.ok) throw new AppError("request:invalid", described.reason);
  const delivery: Delivery = {
    id: newId(),
    source,
    kind: entry.source.kind,
    senderId: null,
    event: entry.source.eventName(request),
    headers: {},
    contentType: "application/json",
    bodySize: body.length,
    verdict: "accepted",
    reason: null,
    replayOf: null,
    receivedAt: now().toISOString(),
    remoteAddress: null,
  };
  return { delivery, body, event: described.event };
}
