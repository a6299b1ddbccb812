/** Deliveries that senders say they have made and that never came in: how far each hook has been looked through, what is asked for again. */
export const missedDeliveries = (): readonly string[] => [
  `create table recoveries (
    source text not null,
    hook text not null,
    since text,
    node text,
    started_at text,
    ended_at text,
    error text,
    found integer not null,
    asked integer not null,
    primary key (source, hook)
  )`,
  `create table missed_deliveries (
    source text not null,
    sender_id text not null,
    hook text not null,
    remote_id text not null,
    event text not null,
    found_at text not null,
    attempts integer not null,
    next_at text,
    error text,
    primary key (source, sender_id)
  )`,
];
