import type { ColumnTypes } from "./migrations.ts";

/**
 * Everything the main job needs. Indexes are few: each is paid for by every webhook. `tasks_active` is unique, so that
 * two tasks of a group can't run at the same time, whatever a program gets wrong.
 */
export const initial = ({ serial }: ColumnTypes): readonly string[] => [
  `create table deliveries (
    seq ${serial},
    id text not null unique,
    source text not null,
    kind text not null,
    sender_id text,
    fingerprint text,
    event text not null,
    headers text not null,
    content_type text,
    body_size integer not null,
    body_ref text not null,
    verdict text not null,
    reason text,
    replay_of text,
    received_at text not null,
    remote_address text
  )`,
  `create unique index deliveries_sender on deliveries (source, sender_id) where sender_id is not null`,
  `create index deliveries_fingerprint on deliveries (source, fingerprint) where fingerprint is not null`,
  `create table tasks (
    seq ${serial},
    id text not null unique,
    action text not null,
    params text not null,
    state text not null,
    outcome text,
    reason text,
    progress double precision not null,
    started_by text not null,
    delivery_id text,
    group_name text,
    policy text not null,
    attempt integer not null,
    settings_digest text not null,
    metadata text not null,
    node text,
    lease_until text,
    created_at text not null,
    started_at text,
    ended_at text
  )`,
  `create index tasks_action on tasks (action, seq)`,
  `create index tasks_delivery on tasks (delivery_id) where delivery_id is not null`,
  `create index tasks_waiting on tasks (group_name, seq) where state = 'ENQUEUED'`,
  `create unique index tasks_active on tasks (group_name) where state in ('RUNNING', 'CANCELLING')`,
  `create index tasks_completed on tasks (action, seq) where state = 'COMPLETED'`,
  `create index tasks_outcome on tasks (outcome, seq) where outcome is not null`,
  `create table steps (
    task_id text not null,
    phase text not null,
    idx integer not null,
    name text not null,
    kind text not null,
    state text not null,
    exit_code integer,
    outputs text not null,
    started_at text not null,
    ended_at text,
    duration_ms bigint,
    primary key (task_id, phase, idx)
  )`,
  `create table log (
    seq ${serial},
    task_id text not null,
    time text not null,
    stream text not null,
    step integer,
    text text not null
  )`,
  `create index log_task on log (task_id, seq)`,
  `create table counters (
    name text not null,
    source text not null,
    value bigint not null,
    primary key (name, source)
  )`,
  `create table settings (digest text primary key, text text not null, saved_at text not null)`,
  `create table tokens (
    id text primary key,
    name text not null,
    hash text not null unique,
    scopes text not null,
    created_at text not null,
    expires_at text,
    last_used_at text,
    revoked_at text
  )`,
  `create unique index tokens_live_name on tokens (name) where revoked_at is null`,
];
