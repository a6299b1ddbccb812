import type { ColumnTypes } from "./migrations.ts";

/**
 * Notices are written by the transaction that they tell of; the sender makes one message per endpoint of each, with the
 * bytes that every attempt sends.
 */
export const outbound = ({ serial }: ColumnTypes): readonly string[] => [
  `alter table tasks add column notify text`,
  `alter table tasks add column correlation text`,
  `create table notices (
    seq ${serial},
    id text not null unique,
    type text not null,
    task_id text,
    delivery_id text,
    created_at text not null
  )`,
  `create table messages (
    seq ${serial},
    id text not null unique,
    endpoint text not null,
    type text not null,
    task_id text,
    retry_of text,
    headers text not null,
    body text not null,
    state text not null,
    attempts integer not null,
    due_at text not null,
    leased_by text,
    lease_until text,
    status integer,
    error text,
    created_at text not null,
    ended_at text
  )`,
  `create index messages_due on messages (endpoint, due_at, seq) where state = 'waiting'`,
  `create index messages_waiting on messages (endpoint, seq) where state = 'waiting'`,
  `create index messages_dead on messages (endpoint, seq) where state = 'dead'`,
  `create index messages_ended on messages (ended_at) where ended_at is not null`,
  `create table endpoints (
    name text primary key,
    failures integer not null,
    openings integer not null,
    closed_until text,
    disabled_url text,
    last_status integer,
    last_error text,
    last_attempt_at text,
    last_success_at text
  )`,
  `create table incidents (
    endpoint text not null,
    action text not null,
    failures integer not null,
    told_at text not null,
    version integer not null,
    primary key (endpoint, action)
  )`,
];
