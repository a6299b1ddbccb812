import { FRESH_ENDPOINT, type EndpointState } from "../../domain/endpoint-state.ts";
import { prepare, type Connection } from "../connection.ts";
import type { EndpointsTable } from "../schema.ts";

const byName = prepare((db, { name }: { name: string }) =>
  db.selectFrom("endpoints").selectAll().where("name", "=", name).forUpdate(),
);

const put = prepare((db, input: EndpointsTable) =>
  db
    .insertInto("endpoints")
    .values({
      name: input.name,
      failures: input.failures,
      openings: input.openings,
      closed_until: input.closed_until,
      disabled_url: input.disabled_url,
      last_status: input.last_status,
      last_error: input.last_error,
      last_attempt_at: input.last_attempt_at,
      last_success_at: input.last_success_at,
    })
    .onConflict((conflict) =>
      conflict.column("name").doUpdateSet((eb) => ({
        failures: eb.ref("excluded.failures"),
        openings: eb.ref("excluded.openings"),
        closed_until: eb.ref("excluded.closed_until"),
        disabled_url: eb.ref("excluded.disabled_url"),
        last_status: eb.ref("excluded.last_status"),
        last_error: eb.ref("excluded.last_error"),
        last_attempt_at: eb.ref("excluded.last_attempt_at"),
        last_success_at: eb.ref("excluded.last_success_at"),
      })),
    ),
);

const insertFresh = prepare((db, input: EndpointsTable) =>
  db
    .insertInto("endpoints")
    .values({ name: input.name, failures: 0, openings: 0 })
    .onConflict((conflict) => conflict.column("name").doNothing()),
);

/** Locked until the transaction ends: servers that share the store come to an endpoint one after the other. */
export async function lockedEndpoint(connection: Connection, name: string): Promise<EndpointState> {
  const row = await byName.first(connection, { name });
  if (row !== undefined) return toState(row);
  await insertFresh.run(connection, toRow(name, FRESH_ENDPOINT));
  const made = await byName.first(connection, { name });
  return made === undefined ? FRESH_ENDPOINT : toState(made);
}

export async function putEndpoint(connection: Connection, name: string, state: EndpointState): Promise<void> {
  await put.run(connection, toRow(name, state));
}

export async function enableEndpoint(connection: Connection, name: string): Promise<void> {
  const state = await lockedEndpoint(connection, name);
  const open = { failures: 0, openings: 0, closedUntil: null, disabledUrl: null };
  await putEndpoint(connection, name, { ...state, ...open });
}

export const toState = (row: EndpointsTable): EndpointState => ({
  failures: row.failures,
  openings: row.openings,
  closedUntil: row.closed_until,
  disabledUrl: row.disabled_url,
  lastStatus: row.last_status,
  lastError: row.last_error,
  lastAttemptAt: row.last_attempt_at,
  lastSuccessAt: row.last_success_at,
});

const toRow = (name: string, state: EndpointState): EndpointsTable => ({
  name,
  failures: state.failures,
  openings: state.openings,
  closed_until: state.closedUntil,
  disabled_url: state.disabledUrl,
  last_status: state.lastStatus,
  last_error: state.lastError,
  last_attempt_at: state.lastAttemptAt,
  last_success_at: state.lastSuccessAt,
});
