import { sql } from "kysely";

/*
 * The conditions of the partial indexes, word for word: a database uses such an index only when it sees the
 * values when it plans the query, which it does not see in a parameter.
 */
export const isWaiting = sql<boolean>`state = 'ENQUEUED'`;
export const isActive = sql<boolean>`state in ('RUNNING', 'CANCELLING')`;
export const isCompleted = sql<boolean>`state = 'COMPLETED'`;
