import type { ColumnTypes } from "./migrations.ts";

/** What came by the deploy API, and what became of it: an entry for each change. */
export const deploys = ({ serial }: ColumnTypes): readonly string[] => [
  `create table deploys (
    id text primary key,
    user_name text not null,
    app text not null,
    uuid text not null,
    provider text not null,
    commit_ref text not null,
    delivery_id text not null,
    open integer not null,
    created_at text not null
  )`,
  `create index deploys_open on deploys (delivery_id) where open = 1`,
  `create table deploy_entries (
    seq ${serial},
    id text not null unique,
    deploy_id text not null,
    status text not null,
    app text not null,
    error text,
    reason text,
    created_at text not null
  )`,
  `create index deploy_entries_deploy on deploy_entries (deploy_id)`,
];
