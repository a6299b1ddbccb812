/** Somebody with a password, for the APIs that are spoken with Basic authentication. */
export interface User {
  readonly name: string;
  /** PHC string of argon2id. */
  readonly passwordHash: string;
  /** What they may beside deploying the apps that name them, in the dashboard. */
  readonly scopes: readonly string[];
  /** RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  /** When an admin has shut them out; null: they may come in. */
  readonly disabledAt: string | null;
}

/** An API token, which stands in for the user's password. */
export interface UserToken {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  /** What it is good for; null: all of the user's apps. */
  readonly apps: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** It stands in paths and in `user:password`. */
export const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
