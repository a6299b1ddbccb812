import { sql } from "kysely";

/*
 * The conditions of the partial indexes, word for word: a database uses such an index only when it sees the
 * values when it plans the query, which it does not see in a parameter.
 */
export const isWaiting = sql<boolean>`state = 'ENQUEUED'`;
/** Waiting, and let start. */
export const isReady = sql<boolean>`(state = 'ENQUEUED' and held_until is null)`;
export const isHeld = sql<boolean>`held_until is not null`;
export const isActive = sql<boolean>`state in ('RUNNING', 'CANCELLING')`;
export const isCompleted = sql<boolean>`state = 'COMPLETED'`;
export const isCancelled = sql<boolean>`state in ('CANCELLED', 'FAILED_CANCELLING')`;
export const isRejected = sql<boolean>`verdict = 'rejected'`;
/** Has not ended, in either way of saying so. Of `tasks`, by that name. */
export const isOpen = sql<boolean>`tasks.state in ('ENQUEUED', 'RUNNING', 'CANCELLING')`;
export const isEnded = sql<boolean>`tasks.state in ('COMPLETED', 'CANCELLED', 'FAILED_CANCELLING')`;
/** The body has not been pruned. */
export const hasBody = sql<boolean>`body_ref <> ''`;
/**
 * Columns as no index has them: else a database may walk through all rows in the order of one, in the hope of finding some
 * soon, where a partial index has the few that there are.
 */
export const unindexed = { seq: sql<number>`seq + 0`, action: sql<string>`action || ''` };

/** That nothing of the task's group runs, and nothing of it that may start has waited for longer. True without a group. */
export const isNextOfGroup = sql<boolean>`not exists (
    select 1 from tasks as other
    where other.group_name = tasks.group_name and other.state in ('RUNNING', 'CANCELLING')
  ) and not exists (
    select 1 from tasks as other
    where other.group_name = tasks.group_name and other.state = 'ENQUEUED' and other.held_until is null
      and other.seq < tasks.seq
  )`;
