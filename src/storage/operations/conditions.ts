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

/** That nothing of the task's group runs, and nothing of it that may start has waited for longer. True without a group. */
export const isNextOfGroup = sql<boolean>`not exists (
    select 1 from tasks as other
    where other.group_name = tasks.group_name and other.state in ('RUNNING', 'CANCELLING')
  ) and not exists (
    select 1 from tasks as other
    where other.group_name = tasks.group_name and other.state = 'ENQUEUED' and other.held_until is null
      and other.seq < tasks.seq
  )`;
