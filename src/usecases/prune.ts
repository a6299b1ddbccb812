import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Asker } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { RetentionSettings } from "../settings/settings.ts";
import { PRUNABLE, type Prunable, type PruneBatch } from "../storage/store.ts";
import type { Pruned } from "./app.ts";
import type { Services } from "./services.ts";

/** Rows of a batch: a few milliseconds, in which the embedded database does nothing else. */
const BATCH = 200;
/** Bodies that are added up at once; that reads an index only. */
const FIT_BATCH = 5_000;
/** After each batch, others have the database for so many times as long as it took. */
const YIELD = 4;
/** How long a call goes on. */
const SLICE_MS = 2_000;

export interface PruneInput {
  readonly dryRun: boolean;
  /** `next` of the last call; null: from the start. */
  readonly from: string | null;
}

/** See App.prune. */
export async function pruneAsked(
  services: Services,
  { by, place, ...input }: PruneInput & Asker,
): Promise<Pruned> {
  const removed = await prune(services, input);
  if (!input.dryRun) await recordPruned(services, { by, place }, removed);
  return removed;
}

/** Not with the removal, which is many transactions. Nothing is said of nothing. */
export async function recordPruned(
  { auditor }: Services,
  asker: Asker,
  removed: Omit<Pruned, "next" | "busy">,
): Promise<void> {
  if (isNothing(removed)) return;
  const { bodies, bytes, logEntries, tasks, deliveries, auditEvents } = removed;
  const details = { bodies, bytes, log_entries: logEntries, tasks, deliveries, audit_events: auditEvents };
  await auditor.done({ asker, action: "store.prune", target: null, details });
}

/** Goes on for about as long as a request may take. */
export async function prune(services: Services, { dryRun, from }: PruneInput): Promise<Pruned> {
  const deadline = performance.now() + SLICE_MS;
  const total: Counts = { ...NOTHING };
  let place: Place | null = from === null ? await firstPlace(services) : parsePlace(from);
  while (place !== null && performance.now() < deadline) {
    const began = performance.now();
    const { what }: Place = place;
    const batch: PruneBatch | null = await pruneBatch(services, place, dryRun);
    if (batch === null) return { ...total, next: null, busy: true };
    total[COUNTED[what]] += batch.removed;
    if (what === "bodies") total.bytes += batch.bytes;
    place = batch.next === null ? nextPlace(place) : { ...place, after: batch.next };
    await delay((performance.now() - began) * YIELD);
  }
  if (place === null && !dryRun) await services.store.freeBodies();
  return { ...total, next: place === null ? null : formatPlace(place), busy: false };
}

async function pruneBatch(
  services: Services,
  { what, after, upTo }: Place,
  dryRun: boolean,
): Promise<PruneBatch | null> {
  const before = oldest(services, what);
  // What is kept for ever still makes room for newer bodies.
  const nothing = before === null && (what !== "bodies" || upTo === 0);
  if (nothing) return { removed: 0, bytes: 0, next: null };
  // No time is before the empty text.
  return services.store.prune({ what, after, upTo, before: before ?? "", limit: BATCH, dryRun });
}

/** What is counted of a removal. */
export const PRUNED = ["bodies", "bytes", "logEntries", "tasks", "deliveries", "auditEvents"] as const;
type Counts = Record<(typeof PRUNED)[number], number>;
export const NOTHING: Readonly<Counts> = {
  bodies: 0,
  bytes: 0,
  logEntries: 0,
  tasks: 0,
  deliveries: 0,
  auditEvents: 0,
};
export const isNothing = (counts: Readonly<Counts>): boolean => PRUNED.every((key) => counts[key] === 0);

const COUNTED = {
  bodies: "bodies",
  logs: "logEntries",
  tasks: "tasks",
  deliveries: "deliveries",
  audit: "auditEvents",
} as const satisfies Record<Prunable, keyof typeof NOTHING>;
const LIFETIME = {
  bodies: "bodiesMs",
  logs: "logsMs",
  tasks: "tasksMs",
  deliveries: "deliveriesMs",
  audit: "auditMs",
} as const satisfies Record<Prunable, keyof RetentionSettings>;

/** What is older than that goes; null: it is kept for ever. */
function oldest({ settings, now }: Services, what: Prunable): string | null {
  const ms = settings.current().retention[LIFETIME[what]];
  return ms === null ? null : new Date(now().getTime() - ms).toISOString();
}

/** How far a pass through everything has come. */
interface Place {
  readonly what: Prunable;
  /** See PruneInput of the store, both. */
  readonly after: number;
  readonly upTo: number;
}

async function firstPlace(services: Services): Promise<Place> {
  return { what: PRUNABLE[0], after: 0, upTo: await bodiesBeyond(services) };
}

function nextPlace({ what, upTo }: Place): Place | null {
  const next = PRUNABLE[PRUNABLE.indexOf(what) + 1];
  return next === undefined ? null : { what: next, after: 0, upTo };
}

/** The newest delivery whose body, and all older ones, there is no room for; 0: there is room for all. */
async function bodiesBeyond({ store, settings }: Services): Promise<number> {
  let room = settings.current().retention.maxBytes;
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const fit = await store.fitBodies({ before, room, limit: FIT_BATCH });
    if (fit.type !== "more") return fit.type === "beyond" ? fit.upTo : 0;
    ({ before, room } = fit);
  }
}

const placeSchema = z
  .tuple([z.enum(PRUNABLE), z.coerce.number().int().min(0), z.coerce.number().int().min(0)])
  .transform(([what, after, upTo]) => ({ what, after, upTo }));

const formatPlace = ({ what, after, upTo }: Place): string => [what, after, upTo].join(":");

function parsePlace(text: string): Place {
  const parsed = placeSchema.safeParse(text.split(":"));
  if (parsed.success) return parsed.data;
  throw new AppError("request:invalid", `${text} is not where a pass of pruning may go on`);
}
