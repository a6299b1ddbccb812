/** What is remembered of the health of deployed applications: one row per healthy revision and per rollback. */
export const health = (): readonly string[] => [
  `create table health_entries (
    source text not null,
    app text not null,
    position integer not null,
    type text not null,
    revision text not null,
    target text,
    delivery_id text not null,
    created_at text not null,
    primary key (source, app, position)
  )`,
  `create index health_entries_delivery on health_entries (delivery_id)`,
];
