/**
 * What forges are told of tasks: messages that have to arrive in order for each commit or environment, and the deployments
 * that they were told of. Tokens that users have paired with, encrypted: every server on the store uses them.
 */
export const reports = (): readonly string[] => [
  `alter table tasks add column report text`,
  `alter table messages add column order_key text`,
  `create index messages_order on messages (endpoint, order_key, seq) where order_key is not null`,
  `create table forge_deployments (
    task_id text not null,
    place text not null,
    remote_id text not null,
    state text not null,
    updated_at text not null,
    primary key (task_id, place)
  )`,
  `create index forge_deployments_place on forge_deployments (place, state)`,
  `create table pairings (
    name text primary key,
    sealed text not null,
    created_at text not null
  )`,
];
