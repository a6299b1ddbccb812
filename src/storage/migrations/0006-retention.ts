/**
 * So that pruning, and lists of what is rare, read no more than they find, however much is kept. Those of deliveries grow
 * at their ends only, which costs a webhook next to nothing.
 */
export const retention = (): readonly string[] => [
  `create index deliveries_source on deliveries (source, seq)`,
  `create index deliveries_event on deliveries (event, seq)`,
  `create index deliveries_rejected on deliveries (seq) where verdict = 'rejected'`,
  `create index deliveries_body on deliveries (seq, body_size) where body_ref <> ''`,
  `create index tasks_cancelled on tasks (state, seq) where state in ('CANCELLED', 'FAILED_CANCELLING')`,
];
