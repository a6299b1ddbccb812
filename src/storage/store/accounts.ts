import type { User, UserToken } from "../../domain/user.ts";

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** Tokens, sessions and users. See Store. */
export interface AccountStore {
  createToken(input: {
    readonly id: string;
    readonly name: string;
    readonly hash: string;
    readonly scopes: readonly string[];
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }): Promise<void>;
  /** By the SHA-256 (hex) of the token; revoked and expired ones too. */
  findToken(hash: string): Promise<TokenRow | null>;
  listTokens(): Promise<readonly TokenRow[]>;
  touchToken(input: { readonly id: string; readonly now: string }): Promise<void>;
  /** False when there is no such live token. `ref` is an id or a name. */
  revokeToken(input: { readonly ref: string; readonly now: string }): Promise<boolean>;
  /** Removes expired ones, too. */
  createSession(input: {
    readonly hash: string;
    /** The token, or else the name of the user, that it was opened with. */
    readonly tokenId: string | null;
    readonly user?: string;
    readonly createdAt: string;
    readonly expiresAt: string;
  }): Promise<void>;
  /** The token that the session was opened with, revoked and expired ones too; null for a session that is over. */
  findSession(input: { readonly hash: string; readonly now: string }): Promise<TokenRow | null>;
  /** The user that it was opened by, disabled ones too; null for a session that is over, or a token's. */
  findUserSession(input: { readonly hash: string; readonly now: string }): Promise<User | null>;
  endSession(hash: string): Promise<void>;
  /** Rejects `user:exists`. */
  createUser(user: Omit<User, "disabledAt">): Promise<void>;
  /** Changes what is given; with another password, or shut out, their sessions end. Rejects `user:not_found`. */
  changeUser(input: {
    readonly name: string;
    readonly passwordHash?: string;
    readonly scopes?: readonly string[];
    readonly disabledAt?: string | null;
  }): Promise<void>;
  getUser(name: string): Promise<User | null>;
  listUsers(): Promise<readonly User[]>;
  /** `hash`: SHA-256 (hex) of the token. Rejects `user:not_found`, `token:exists`. */
  createUserToken(input: { readonly token: UserToken; readonly hash: string }): Promise<void>;
  /** By the SHA-256; revoked and expired ones too. */
  findUserToken(hash: string): Promise<UserToken | null>;
  listUserTokens(user: string): Promise<readonly UserToken[]>;
  /** False when the user has no such live token. `ref` is an id or a name. */
  revokeUserToken(input: {
    readonly user: string;
    readonly ref: string;
    readonly now: string;
  }): Promise<boolean>;
}
