/** That the data is being, or has been, moved from the embedded database to PostgreSQL; in both, with the same id. */
export const moves = (): readonly string[] => [
  `create table moves (
    role text primary key,
    id text not null,
    state text not null,
    peer text not null,
    progress text not null,
    started_at text not null,
    ended_at text
  )`,
];
