/**
 * What the dashboard asks for: its sessions, and an index from which the ended tasks of some days are counted without
 * reading the tasks. The index is paid for when a task ends, not by a webhook.
 */
export const dashboard = (): readonly string[] => [
  `create table sessions (
    hash text primary key,
    token_id text not null,
    created_at text not null,
    expires_at text not null
  )`,
  `create index tasks_ended on tasks (ended_at, outcome, parent_id) where ended_at is not null`,
];
