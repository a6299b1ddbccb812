/** Many servers on one database: who they are, which of them a task may run on. A lease is a node's, not a task's. */
export const nodes = (): readonly string[] => [
  `create table nodes (
    id text primary key,
    name text not null,
    labels text not null,
    roles text not null,
    pools text not null,
    version text not null,
    started_at text not null,
    seen_at text not null,
    lease_until text not null
  )`,
  `alter table tasks add column runs_on text`,
  `alter table tasks drop column lease_until`,
];
