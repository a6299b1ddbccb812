import type { ErrorCode } from "../domain/errors.ts";
import type { HealthReport, HookEvent } from "../domain/event.ts";
import { decideRollback, type HealthEntry, isNews, type RollbackRules } from "../domain/rollback.ts";
import type { NewHealthEntry } from "../storage/store.ts";
import type { Services } from "./services.ts";

/** What the memory of healthy revisions says to an event. */
export interface Advice {
  /** The event, with the revision to go back to or the reason why there is none. */
  readonly event: HookEvent;
  /** To be stored with the delivery. */
  readonly entry: NewHealthEntry | null;
  /** The delivery that this one only repeats. */
  readonly repeats: string | null;
  readonly refusal: { readonly code: ErrorCode; readonly reason: string } | null;
}

export interface AskInput {
  readonly event: HookEvent;
  readonly deliveryId: string;
  /** RFC 3339. */
  readonly at: string;
  /** A person asks for it: a replay, or a rollback by hand that is to be done whatever was done before. */
  readonly explicit: boolean;
  /** Where to go back to, whatever the memory says. */
  readonly forced?: string | null;
}

/** Asks the memory of one application. Its answer holds as long as nobody else adds to it: see Store.storeDelivery. */
export async function askMemory(services: Services, input: AskInput): Promise<Advice> {
  const { event } = input;
  const rules = services.settings.current().sources[event.source]?.source.rollbackRules ?? null;
  const { health } = event;
  if (health === null || health.revision === null || rules === null) return plain(event);
  const revision = health.revision;
  if (event.status === "Healthy") return remember(services, input, { ...health, revision });
  if (event.status === "Degraded") return goBack(services, input, { health: { ...health, revision }, rules });
  return plain(event);
}

/** A stored event as it was when it was decided on: with the revision that its rollback goes to. */
export async function recallHealth(
  { store }: Pick<Services, "store">,
  event: HookEvent,
  { id, reason }: { readonly id: string; readonly reason: string | null },
): Promise<HookEvent> {
  const { health } = event;
  if (health === null) return event;
  const entry = await store.healthEntryOf(id);
  const healthyRevision = entry?.target ?? health.healthyRevision;
  return { ...event, health: { ...health, healthyRevision, refusal: reason } };
}

type Located = HealthReport & { readonly revision: string };

const plain = (event: HookEvent): Advice => ({ event, entry: null, repeats: null, refusal: null });

const memoryKey = (event: HookEvent, health: HealthReport): { source: string; app: string } => ({
  source: event.source,
  app: health.app ?? "",
});

/** Not from a replay: that an old revision was healthy once is no news of today. */
async function remember(services: Services, input: AskInput, health: Located): Promise<Advice> {
  const { event, explicit } = input;
  const history = await services.store.healthHistory(memoryKey(event, health));
  if (explicit || !isNews(history, health.revision)) return plain(event);
  return { ...plain(event), entry: nextEntry(input, health, history, { type: "healthy", target: null }) };
}

interface GoBackInput {
  readonly health: Located;
  readonly rules: RollbackRules;
}

async function goBack(services: Services, input: AskInput, { health, rules }: GoBackInput): Promise<Advice> {
  const { event, at, explicit, forced = null } = input;
  const history = await services.store.healthHistory(memoryKey(event, health));
  const question = { history, failed: health.revision, named: health.healthyRevision, rules, explicit };
  const answer =
    forced === null
      ? decideRollback({ ...question, now: new Date(at) })
      : ({ type: "roll_back", target: forced } as const);
  switch (answer.type) {
    case "repeated":
      return { ...plain(event), repeats: answer.deliveryId };
    case "refused": {
      const refused = { ...health, healthyRevision: null, refusal: answer.reason };
      return { ...plain({ ...event, health: refused }), refusal: answer };
    }
    case "roll_back": {
      const { target } = answer;
      const decided = { ...event, health: { ...health, healthyRevision: target } };
      return {
        ...plain(decided),
        entry: nextEntry(input, health, history, { type: "rollback", target }),
      };
    }
  }
}

function nextEntry(
  { event, deliveryId, at }: AskInput,
  health: Located,
  history: readonly HealthEntry[],
  what: Pick<HealthEntry, "type" | "target">,
): NewHealthEntry {
  const position = (history[0]?.position ?? 0) + 1;
  return { ...memoryKey(event, health), ...what, position, revision: health.revision, deliveryId, at };
}
