/** What users may beside deploying their apps, and browsers that they have logged in with. */
export const userSessions = (): readonly string[] => [
  `alter table users add column scopes text not null default '[]'`,
  // Null: a token's session. One of a user has no token: its 'token_id' is empty.
  `alter table sessions add column user_name text`,
];
