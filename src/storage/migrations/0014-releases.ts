import type { ColumnTypes } from "./migrations.ts";

/** The releases of apps, on each machine; `seq` gives their order. */
export const releases = ({ serial }: ColumnTypes): readonly string[] => [
  `create table releases (
    seq ${serial},
    app text not null,
    node text not null,
    id text not null,
    dir text not null,
    commit_id text,
    task_id text not null,
    action text not null,
    step integer not null,
    state text not null,
    created_at text not null,
    activated_at text,
    unique (app, node, id)
  )`,
];
