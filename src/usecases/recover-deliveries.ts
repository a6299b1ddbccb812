import { setTimeout as sleep } from "node:timers/promises";
import type { HistoryCaller, HookHistory } from "../lib/hook-history.ts";
import { RestError } from "../lib/rest-api.ts";
import type { MissedDelivery } from "../storage/store.ts";
import { findMissed } from "./find-missed.ts";
import type { Services } from "./services.ts";
import { messageOf } from "../lib/message-of.ts";

export interface RecoverInput {
  readonly source: string;
  readonly history: HookHistory;
  readonly everyMs: number;
  /** How often one delivery is asked for. */
  readonly attempts: number;
  /** However short a time ago the last round began. */
  readonly atOnce: boolean;
  /** Ends the round. */
  readonly signal: AbortSignal;
  /** How long one is waited for before the next is asked for. Default: as long as senders wait for an answer, and a bit. */
  readonly arrivalMs?: number;
}

export interface Round {
  /** What has been missed since the last round. */
  readonly found: number;
  readonly asked: number;
  /** Why it did not get to its end. */
  readonly error: string | null;
}

/** Asked for in one round at most. */
const MAX_ASKED = 500;
/** Ids looked up at once. */
const MAX_IDS = 500;
const ARRIVAL_MS = 15_000;
/** When so many in a row did not come in, something is in the way of all of them. */
const MAX_LOST = 3;
const LOOK_MS = 100;

/**
 * One round for one hook: reads what the sender has tried to deliver, remembers what has not been accepted here, and asks
 * for it once more, the oldest first, each once the one before has come in. Null when it is not this node's turn. What fails is told in the round, the log and
 * the store; rejects only when the store does.
 */
export async function recoverDeliveries(services: Services, input: RecoverInput): Promise<Round | null> {
  const { store, node, now, logger } = services;
  const key = { source: input.source, hook: input.history.hook };
  const began = now();
  const since = new Date(began.getTime() + (input.atOnce ? 1 : -input.everyMs + 1));
  const begun = await store.beginRecovery({
    ...key,
    node,
    now: began.toISOString(),
    startedBefore: since.toISOString(),
  });
  if (begun === null) return null;
  const round = { found: 0, asked: 0, error: null as string | null };
  try {
    round.found = await look(services, input, begun.since);
    await askForMissed(services, input, () => (round.asked += 1));
  } catch (error) {
    round.error = messageOf(error);
  }
  await store.endRecovery({ ...key, ...round, node, now: now().toISOString() });
  if (round.error !== null) logger.warn({ ...key, ...round }, "Missed deliveries could not be recovered");
  else if (round.found + round.asked > 0) logger.info({ ...key, ...round }, "Asked for missed deliveries");
  return round;
}

const callerOf = ({ fetch, logger }: Services, { source, signal }: RecoverInput): HistoryCaller => ({
  fetch,
  signal,
  log: (text) => logger.info({ source }, text),
});

/** Resolves with how many were missed that nobody knew of. */
async function look(services: Services, input: RecoverInput, since: string | null): Promise<number> {
  const { store, now, logger } = services;
  const { source, history } = input;
  const { deliveries: listed, complete } = await history.list(since, callerOf(services, input));
  if (!complete)
    logger.warn({ source, hook: history.hook }, "The sender has more deliveries than are looked at");
  const senderIds = [...new Set(listed.map(({ senderId }) => senderId))];
  const accepted = new Set<string>();
  for (let from = 0; from < senderIds.length; from += MAX_IDS) {
    const some = senderIds.slice(from, from + MAX_IDS);
    for (const id of await store.acceptedAmong({ source, senderIds: some })) accepted.add(id);
  }
  const found = findMissed({ listed, accepted, since, now: now() });
  await store.noteMissed({ source, hook: history.hook, ...found, now: now().toISOString() });
  return found.missed.length;
}

async function askForMissed(services: Services, input: RecoverInput, onAsked: () => void): Promise<void> {
  const { store, now } = services;
  const { source, history } = input;
  const due = await store.dueMissed({
    source,
    hook: history.hook,
    now: now().toISOString(),
    limit: MAX_ASKED,
  });
  let lost = 0;
  for (const missed of due) {
    input.signal.throwIfAborted();
    if (!(await ask(services, input, missed))) continue;
    onAsked();
    lost = (await comesIn(services, input, missed)) ? 0 : lost + 1;
    if (lost === MAX_LOST) throw new Error(`${lost} deliveries were sent again and did not come in`);
  }
}

/** The sender answers before it sends; asked for together, they would come in in any order. */
async function comesIn(
  { store }: Services,
  input: RecoverInput,
  { senderId }: MissedDelivery,
): Promise<boolean> {
  const { source, signal, arrivalMs = ARRIVAL_MS } = input;
  const deadline = performance.now() + arrivalMs;
  for (;;) {
    const accepted = await store.acceptedAmong({ source, senderIds: [senderId] });
    if (accepted.length > 0) return true;
    if (performance.now() >= deadline) return false;
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Rejects when the sender would not obey the next request either. */
async function ask(services: Services, input: RecoverInput, missed: MissedDelivery): Promise<boolean> {
  const { store } = services;
  const { source } = input;
  const nextAt = nextTry(services, input, missed);
  if (!(await store.noteAsking({ source, missed, nextAt }))) return false;
  try {
    await input.history.redeliver(missed.remoteId, callerOf(services, input));
    return true;
  } catch (error) {
    const told = messageOf(error);
    const asked = { ...missed, attempts: missed.attempts + 1 };
    const note = { source, missed: asked, nextAt, error: told };
    switch (judge(error)) {
      case "gone":
        await store.noteRefusal({ ...note, nextAt: null });
        return false;
      case "failed":
        await store.noteRefusal(note);
        return false;
      case "not now":
        // It was not obeyed, so it does not count.
        await store.noteRefusal({ ...note, missed, nextAt: services.now().toISOString() });
        throw error;
    }
  }
}

/** Longer each time: what keeps a delivery from coming in may take its time to be put right. */
function nextTry(
  { now }: Services,
  { everyMs, attempts }: RecoverInput,
  missed: MissedDelivery,
): string | null {
  if (missed.attempts + 1 >= attempts) return null;
  return new Date(now().getTime() + everyMs * 2 ** missed.attempts).toISOString();
}

/** 404 and 410: the sender does not have it any more. A token that is refused, and a limit, are not about this delivery. */
function judge(error: unknown): "gone" | "failed" | "not now" {
  if (!(error instanceof RestError)) return "not now";
  if (error.limited || error.status === 401 || error.status === 403) return "not now";
  return error.status === 404 || error.status === 410 ? "gone" : "failed";
}
