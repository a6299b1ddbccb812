/** That a missed delivery has come in has to be known for longer than the delivery itself is kept. */
export const missedCameIn = (): readonly string[] => [
  `alter table missed_deliveries add column came_in_at text`,
];
