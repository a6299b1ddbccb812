import type { ErrorCode } from "./errors.ts";

/** How long a rollback counts for the cap, for repetitions, and against the revision that was rolled back from. */
export const ROLLBACK_WINDOW_MS = 3_600_000;

/** The first rollback, and one step further back. After that a person has to look. */
const MAX_ATTEMPTS = 2;

/** One thing remembered of an application: that a revision was healthy, or that it was rolled back from. */
export interface HealthEntry {
  /** 1, 2, 3 … within the application. */
  readonly position: number;
  readonly type: "healthy" | "rollback";
  /** The healthy revision, or the failed one. */
  readonly revision: string;
  /** Where the rollback went; null for `healthy`. */
  readonly target: string | null;
  /** The delivery that told it. */
  readonly deliveryId: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
  /** Of a rollback: its tasks have ended, none with success, so that nothing was rolled back. */
  readonly vain: boolean;
}

/** What a source's settings say about rollbacks. */
export interface RollbackRules {
  /** Most rollbacks of one application within an hour. */
  readonly maxPerHour: number;
  /** Stands in for an application of which no healthy revision is remembered. */
  readonly firstHealthy: string | null;
}

export interface RollbackQuestion {
  /** Of this application, newest first. */
  readonly history: readonly HealthEntry[];
  readonly failed: string;
  /** The healthy revision that the sender itself names, or null. */
  readonly named: string | null;
  readonly rules: RollbackRules;
  readonly now: Date;
  /** A person asks for it (a replay): done again, whatever was done before. */
  readonly explicit: boolean;
}

export type RollbackAnswer =
  | { readonly type: "roll_back"; readonly target: string }
  /** That delivery led to the rollback already. */
  | { readonly type: "repeated"; readonly deliveryId: string }
  | { readonly type: "refused"; readonly code: ErrorCode; readonly reason: string };

/**
 * Decides where a degraded application goes back to. Pure.
 * One failed revision is rolled back from once. A rollback that degrades again goes one healthy revision further back, and
 * then no further until something was healthy again. A revision that failed within the hour is no target. A rollback that
 * came to nothing is no step, and after an hour it may be tried again.
 */
export function decideRollback(question: RollbackQuestion): RollbackAnswer {
  const { history, failed, rules, explicit } = question;
  const earlier = rollbackFrom(question);
  if (earlier !== undefined && !explicit) return { type: "repeated", deliveryId: earlier.deliveryId };
  if (typeof earlier?.target === "string") return { type: "roll_back", target: earlier.target };
  const candidates = candidatesFor(question);
  if (candidates.length === 0) return refused("rollback:no_healthy_revision", noHealthy(history, failed));
  if (!explicit && recentRollbacks(question).length >= rules.maxPerHour) {
    const reason = `There were ${rules.maxPerHour} rollbacks within an hour already, the most that the source allows (max_rollbacks_per_hour)`;
    return refused("rollback:limit", reason);
  }
  return nextTarget(question, candidates);
}

/** Whether a healthy report is worth an entry: not when it repeats the newest. */
export const isNews = (history: readonly HealthEntry[], revision: string): boolean =>
  history[0]?.type !== "healthy" || history[0].revision !== revision;

function nextTarget(question: RollbackQuestion, candidates: readonly string[]): RollbackAnswer {
  const { named, explicit } = question;
  const attempts = openAttempts(question);
  const tried = new Set(attempts.map(({ target }) => target));
  const target = candidates.find((revision) => !tried.has(revision));
  // A sender that names another revision than was tried has seen something healthy since.
  const anew = target !== undefined && target === named;
  if (target !== undefined && (anew || explicit || attempts.length < MAX_ATTEMPTS)) {
    return { type: "roll_back", target };
  }
  const list = [...tried].join(" and ");
  const reason = `The rollback to ${list} degraded again, and ${target === undefined ? "no healthy revision before that is known" : "one step further back is the most that is tried"}; nothing more is done until a revision is healthy again`;
  return refused("rollback:exhausted", reason);
}

const refused = (code: ErrorCode, reason: string): RollbackAnswer => ({ type: "refused", code, reason });

const noHealthy = (history: readonly HealthEntry[], failed: string): string =>
  history.some(({ type }) => type === "healthy")
    ? `No healthy revision but ${failed} itself, and ones that failed lately, is known of the application`
    : "No healthy revision of the application is known yet; the next Healthy report is remembered";

/** The rollback that a report repeats: no healthy report of the revision has come since, or hardly any time has passed. */
function rollbackFrom({ history, failed, now }: RollbackQuestion): HealthEntry | undefined {
  const about = history.filter(({ revision }) => revision === failed);
  if (about[0]?.type === "rollback" && !about[0].vain) return about[0];
  return about.find((entry) => entry.type === "rollback" && isRecent(entry, now));
}

/** The best first: what the sender names, what was healthy last, the settings' own. */
function candidatesFor({ history, failed, named, rules, now }: RollbackQuestion): readonly string[] {
  const known = [named, ...healthyRevisions(history, now), rules.firstHealthy];
  return [...new Set(known)]
    .filter((revision) => revision !== null)
    .filter((revision) => !isSame(revision, failed));
}

/** An abbreviated id is the same as the whole one. */
export const isSame = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);

/** Newest first, each once. */
function healthyRevisions(history: readonly HealthEntry[], now: Date): readonly string[] {
  const newest = new Map<string, HealthEntry>();
  for (const entry of history) if (!newest.has(entry.revision)) newest.set(entry.revision, entry);
  const failedLately = new Set(
    history
      .filter((entry) => entry.type === "rollback" && isRecent(entry, now))
      .map(({ revision }) => revision),
  );
  return [...newest.values()]
    .filter(({ type, revision }) => type === "healthy" && !failedLately.has(revision))
    .map(({ revision }) => revision);
}

const recentRollbacks = ({ history, now }: RollbackQuestion): readonly HealthEntry[] =>
  history.filter((entry) => entry.type === "rollback" && isRecent(entry, now));

/**
 * The rollbacks since something was healthy. A sender that names the healthy revision itself may never report one:
 * then those of the last hour.
 */
function openAttempts(question: RollbackQuestion): readonly HealthEntry[] {
  const { history, named, now } = question;
  const end = history.findIndex(({ type }) => type === "healthy");
  const since = (end === -1 ? history : history.slice(0, end)).filter(({ vain }) => !vain);
  return named === null ? since : since.filter((entry) => isRecent(entry, now));
}

const isRecent = ({ at }: HealthEntry, now: Date): boolean =>
  now.getTime() - Date.parse(at) < ROLLBACK_WINDOW_MS;
