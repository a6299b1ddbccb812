import { sql } from "kysely";

/*
 * The conditions of the partial indexes, word for word: a database uses such an index only when it sees the
 * values when it plans the query, which it does not see in a parameter.
 */
export const isWaiting = sql<boolean>`state = 'ENQUEUED'`;
export const isActive = sql<boolean>`state in ('RUNNING', 'CANCELLING')`;
export const isCompleted = sql<boolean>`state = 'COMPLETED'`;

/** That nothing of the task's group runs, and nothing of it has waited for longer. True without a group. */
export const isNextOfGroup = sql<boolean>`not exists (
    select 1 from tasks as other
    where other.group_name = tasks.group_name and other.state in ('RUNNING', 'CANCELLING')
  ) and not exists (
    select 1 from tasks as other
    where other.group_name = tasks.group_name and other.state = 'ENQUEUED' and other.seq < tasks.seq
  )`;
