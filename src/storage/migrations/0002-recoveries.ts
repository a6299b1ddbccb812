/** How often a task has been taken over from a dead server since it was last let run or stopped. */
export const recoveries = (): readonly string[] => [
  `alter table tasks add column recoveries integer not null default 0`,
];
