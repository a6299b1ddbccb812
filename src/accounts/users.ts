import { createHash, createHmac, randomBytes } from "node:crypto";
import { type Asker, type AuditDetails, SERVER } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { User, UserToken } from "../domain/user.ts";
import { newId } from "../lib/ids.ts";
import { hashPassword, verifyPassword } from "../lib/passwords.ts";
import { createTurns, TooMany } from "../lib/turns.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { Store } from "../storage/store.ts";

/** Marks the tokens of users, so that scanners for leaked secrets can find them. */
const PREFIX = "hwu_";
const RANDOM_BYTES = 32;
/** Credentials that have passed are remembered, so that argon2 is not done again for each request. */
const MAX_PASSED = 10_000;
const TURNS = { atOnce: 2, waiting: 64 };
const BUSY_SECONDS = 5;

/** Who has shown the right password or token. */
export interface Login {
  readonly user: string;
  /** What the token is good for; null: everything that is the user's. */
  readonly apps: readonly string[] | null;
}

export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly scopes?: readonly string[];
}

export interface NewUserToken {
  readonly user: string;
  readonly name: string;
  readonly apps: readonly string[] | null;
  /** RFC 3339 UTC, or null for none. */
  readonly expiresAt: string | null;
}

/** People who deploy with `user:password` or `user:token`. */
export interface Users {
  /** Rejects `user:exists`. */
  add(user: NewUser, asker?: Asker): Promise<void>;
  /** Rejects `user:not_found`; so do the next ones. */
  setPassword(name: string, password: string, asker?: Asker): Promise<void>;
  setDisabled(name: string, disabled: boolean, asker?: Asker): Promise<void>;
  setScopes(name: string, scopes: readonly string[], asker?: Asker): Promise<void>;
  list(): Promise<readonly User[]>;
  find(name: string): Promise<User | null>;
  /** The token is shown this once. Rejects `token:exists`. */
  createToken(
    input: NewUserToken,
    asker?: Asker,
  ): Promise<{ readonly token: string; readonly row: UserToken }>;
  listTokens(user: string): Promise<readonly UserToken[]>;
  /** By id or name. Rejects `token:not_found`. */
  revokeToken(user: string, ref: string, asker?: Asker): Promise<void>;
  /**
   * Null when they are not right. Takes as long for a user who is not there. Rejects `user:broken` when the user's record can't
   * be used, `server:busy`, and `store:unavailable`.
   */
  verify(name: string, secret: string): Promise<Login | null>;
  /**
   * Whether they have passed in this run of the process, or are being looked at; they may have been changed since. Nothing is
   * looked up.
   */
  hasPassed(name: string, secret: string): boolean;
}

export interface UsersOptions {
  readonly store: Pick<Store, "getUser" | "listUsers" | "findUserToken" | "listUserTokens">;
  readonly auditor: Pick<Auditor, "attempt" | "recorded" | "attemptRecorded">;
  readonly now?: () => Date;
}

export function createUsers({ store, auditor, now = () => new Date() }: UsersOptions): Users {
  const inTurn = createTurns(TURNS);
  const key = randomBytes(RANDOM_BYTES);
  // Digests under a key that ends with the process, so that a dump of the memory shows no password. By user and secret.
  const passed = new Map<string, string>();
  const digestOf = (...parts: readonly string[]): string =>
    createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex");
  let stranger: Promise<string> | null = null;
  // The same credentials that come again meanwhile are no further guess, and need no check of their own.
  const underWay = new Map<string, Promise<Login | null>>();

  function remember(name: string, secret: string, proof: string): void {
    const [oldest] = passed.keys();
    if (passed.size >= MAX_PASSED && oldest !== undefined) passed.delete(oldest);
    passed.set(digestOf(name, secret), proof);
  }

  async function check(hash: string, password: string): Promise<boolean> {
    try {
      return await inTurn(() => verifyPassword(hash, password));
    } catch (error) {
      if (error instanceof TooMany)
        throw new AppError("server:busy", undefined, { retryAfter: BUSY_SECONDS });
      throw new AppError("user:broken", "The user's record holds no password that can be checked", {
        cause: error,
      });
    }
  }

  async function verifyPasswordOf(name: string, password: string): Promise<Login | null> {
    const user = await store.getUser(name);
    if (user === null) {
      stranger ??= hashPassword(randomBytes(RANDOM_BYTES).toString("hex"));
      await check(await stranger, password);
      return null;
    }
    const known = passed.get(digestOf(name, password)) === user.passwordHash;
    if (!known && !(await check(user.passwordHash, password))) return null;
    remember(name, password, user.passwordHash);
    return user.disabledAt === null ? { user: name, apps: null } : null;
  }

  async function verifyToken(name: string, token: string): Promise<Login | null> {
    const row = await store.findUserToken(hashOf(token));
    if (row === null || row.user !== name || !isLive(row, now())) return null;
    const user = await store.getUser(name);
    if (user === null) throw new AppError("user:broken", `The token's user ${name} is not there any more`);
    if (user.disabledAt !== null) return null;
    remember(name, token, row.id);
    return { user: name, apps: row.apps };
  }

  async function change(
    input: Parameters<Store["changeUser"]>[0],
    asker: Asker,
    details: AuditDetails,
  ): Promise<void> {
    const audit = { asker, action: "user.change", target: `user:${input.name}`, details } as const;
    await auditor.attemptRecorded(audit, "changeUser", input);
  }

  return {
    async add({ name, password, scopes = [] }, asker = SERVER) {
      const passwordHash = await hashPassword(password);
      const user = { name, passwordHash, scopes, createdAt: now().toISOString() };
      const details = { scopes: scopes.join(" ") };
      const audit = { asker, action: "user.add", target: `user:${name}`, details } as const;
      await auditor.attemptRecorded(audit, "createUser", user);
    },
    async setPassword(name, password, asker = SERVER) {
      await change({ name, passwordHash: await hashPassword(password) }, asker, { password: "set" });
    },
    setDisabled: (name, disabled, asker = SERVER) =>
      change({ name, disabledAt: disabled ? now().toISOString() : null }, asker, { disabled }),
    setScopes: (name, scopes, asker = SERVER) =>
      change({ name, scopes }, asker, { scopes: scopes.join(" ") }),
    list: () => store.listUsers(),
    find: (name) => store.getUser(name),
    async createToken({ user, name, apps, expiresAt }, asker = SERVER) {
      const token = PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");
      const createdAt = now().toISOString();
      const row: UserToken = { id: newId(), user, name, apps, createdAt, expiresAt, revokedAt: null };
      const details = { token: name, apps: apps === null ? null : apps.join(" "), expires_at: expiresAt };
      const audit = { asker, action: "user_token.create", target: `user:${user}`, details } as const;
      const input = { token: row, hash: hashOf(token) };
      await auditor.attemptRecorded(audit, "createUserToken", input);
      return { token, row };
    },
    listTokens: (user) => store.listUserTokens(user),
    revokeToken(user, ref, asker = SERVER) {
      const details = { token: ref };
      const audit = { asker, action: "user_token.revoke", target: `user:${user}`, details } as const;
      return auditor.attempt(audit, async () => {
        if (await auditor.recorded(audit, "revokeUserToken", { user, ref, now: now().toISOString() })) return;
        throw new AppError("token:not_found", `${user} has no live token ${ref}`);
      });
    },
    verify(name, secret) {
      const digest = digestOf(name, secret);
      const running = underWay.get(digest);
      if (running !== undefined) return running;
      const begun = (isUserToken(secret) ? verifyToken : verifyPasswordOf)(name, secret);
      const ended = begun.finally(() => underWay.delete(digest));
      underWay.set(digest, ended);
      return ended;
    },
    hasPassed(name, secret) {
      const digest = digestOf(name, secret);
      return passed.has(digest) || underWay.has(digest);
    },
  };
}

/** Whether a secret has the form of a user's token. */
export const isUserToken = (secret: string): boolean => secret.startsWith(PREFIX);

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

const isLive = ({ revokedAt, expiresAt }: UserToken, now: Date): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now.getTime());
