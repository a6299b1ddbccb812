/** People who deploy with a password, and the tokens that stand in for it. */
export const users = (): readonly string[] => [
  `create table users (
    name text primary key,
    password_hash text not null,
    created_at text not null,
    disabled_at text
  )`,
  `create table user_tokens (
    id text primary key,
    user_name text not null,
    name text not null,
    hash text not null unique,
    apps text,
    created_at text not null,
    expires_at text,
    revoked_at text
  )`,
  `create unique index user_tokens_live_name on user_tokens (user_name, name) where revoked_at is null`,
];
