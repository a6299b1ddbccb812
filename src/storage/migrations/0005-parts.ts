/** Tasks that run on each of several nodes: their parts are tasks too. */
export const parts = (): readonly string[] => [
  `alter table tasks add column parent_id text`,
  `alter table tasks add column max_parallel integer`,
  `create index tasks_parent on tasks (parent_id, seq) where parent_id is not null`,
];
