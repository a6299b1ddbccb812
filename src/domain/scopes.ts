/** What a token allows; each includes those before it. */
export const SCOPES = ["read", "deploy", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether somebody with these scopes may do what needs one. */
export const allows = (scopes: readonly string[], needed: Scope): boolean =>
  SCOPES.slice(SCOPES.indexOf(needed)).some((scope) => scopes.includes(scope));
