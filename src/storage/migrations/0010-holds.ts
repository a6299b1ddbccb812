/** Waiting tasks that may not start yet: until when (null: they may), why; and whose word they need. */
export const holds = (): readonly string[] => [
  `alter table tasks add column held_until text`,
  `alter table tasks add column hold text`,
  `alter table tasks add column approval text`,
  `create index tasks_held on tasks (held_until) where held_until is not null`,
];
