import type { ListedDelivery } from "../lib/hook-history.ts";
import type { MissedDelivery } from "../storage/store.ts";

export interface FindMissedInput {
  /** All tries, in any order. */
  readonly listed: readonly ListedDelivery[];
  /** Sender's ids that have been accepted here. */
  readonly accepted: ReadonlySet<string>;
  /** Up to where has been looked before; null: nowhere yet. */
  readonly since: string | null;
  readonly now: Date;
}

export interface FoundMissed {
  /** The oldest first: so they come in in the order in which they happened. */
  readonly missed: readonly Omit<MissedDelivery, "attempts">[];
  /** Up to where has been looked now. */
  readonly since: string;
}

/** A younger one may be under way still: the sender waits for an answer for 10 s. */
const SETTLED_MS = 60_000;

/**
 * What a sender has tried to deliver and what has not been accepted here. Pure. The first time, of the deliveries that
 * somebody has answered well, only those count that are newer than the first that came in here: the others were another
 * server's.
 */
export function findMissed({ listed, accepted, since, now }: FindMissedInput): FoundMissed {
  const byAge = listed.toSorted((a, b) => (a.mark < b.mark ? -1 : 1));
  const young = byAge.find((each) => isYoung(each, now));
  const settled = young === undefined ? byAge : byAge.filter(({ mark }) => mark < young.mark);
  const newest = settled.at(-1)?.mark ?? since ?? "";
  const ours = since ?? settled.find(({ senderId }) => accepted.has(senderId))?.mark ?? newest;
  const tries = Map.groupBy(settled, ({ senderId }) => senderId);
  const missed = [...tries.values()].flatMap((all) => {
    const [first] = all;
    const last = all.at(-1);
    if (first === undefined || last === undefined || accepted.has(first.senderId)) return [];
    if (first.event === "ping") return [];
    const answered = all.some(({ ok }) => ok);
    if (answered && last.mark <= ours) return [];
    return [{ senderId: first.senderId, remoteId: first.remoteId, event: first.event }];
  });
  return { missed, since: newest };
}

const isYoung = ({ deliveredAt }: ListedDelivery, now: Date): boolean =>
  deliveredAt !== null && Date.parse(deliveredAt) > now.getTime() - SETTLED_MS;
