import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Asker, SERVER } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { LOCAL_FILES } from "../domain/local-files.ts";
import { newId } from "../lib/ids.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { Store, TokenRow } from "../storage/store.ts";

/** Marks our tokens, so that scanners for leaked secrets can find them. */
const PREFIX = "hw_";
const RANDOM_BYTES = 32;
/** A token's last use is written down no more often than this. */
const TOUCH_MS = 60_000;

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly string[];
  /** RFC 3339 UTC, or null for none. */
  readonly expiresAt: string | null;
}

/** Bearer tokens of the API. Only their SHA-256 is stored: they are random, so nothing slower is needed. */
export interface Tokens {
  /** The token is shown this once. Rejects `token:exists`. */
  create(input: NewToken, asker?: Asker): Promise<{ readonly token: string; readonly row: TokenRow }>;
  list(): Promise<readonly TokenRow[]>;
  /** By id or name. Rejects `token:not_found`. */
  revoke(ref: string, asker?: Asker): Promise<void>;
  /** The live token's record, or null for one that is unknown, expired or revoked. */
  verify(token: string): Promise<TokenRow | null>;
  /** Whether the token has been verified in this run of the process; nothing is looked up. It may be revoked since. */
  hasPassed(token: string): boolean;
  /**
   * An admin token for tools on this machine, in a file that only the server's account can read. `name`: that of no other
   * machine's on the same store.
   */
  ensureLocalToken(input: { readonly dir: string; readonly name: string }): Promise<string>;
}

export interface TokensOptions {
  readonly store: Pick<Store, "findToken" | "listTokens" | "revokeToken" | "touchToken">;
  readonly auditor: Pick<Auditor, "attempt" | "recorded" | "attemptRecorded">;
  readonly now?: () => Date;
}

export function createTokens({ store, auditor, now = () => new Date() }: TokensOptions): Tokens {
  const touched = new Map<string, number>();
  // Hashes, so that a dump of the memory shows no token. Only real tokens get in: no stranger can make it grow.
  const passed = new Set<string>();

  async function create(
    { name, scopes, expiresAt }: NewToken,
    asker: Asker = SERVER,
  ): ReturnType<Tokens["create"]> {
    const token = PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");
    const row = { id: newId(), name, scopes, createdAt: now().toISOString(), expiresAt };
    const details = { scopes: scopes.join(" "), expires_at: expiresAt };
    const audit = { asker, action: "token.create", target: `token:${name}`, details } as const;
    await auditor.attemptRecorded(audit, "createToken", { ...row, hash: hashOf(token) });
    return { token, row: { ...row, lastUsedAt: null, revokedAt: null } };
  }

  async function verify(token: string): Promise<TokenRow | null> {
    if (!token.startsWith(PREFIX)) return null;
    const hash = hashOf(token);
    const row = await store.findToken(hash);
    if (row === null || !isLive(row, now())) return null;
    passed.add(hash);
    touch(row.id);
    return row;
  }

  /** Not waited for: a store that can't write (a full disk) must not lock out who only wants to look. */
  function touch(id: string): void {
    const at = now().getTime();
    if (at - (touched.get(id) ?? 0) < TOUCH_MS) return;
    touched.set(id, at);
    store.touchToken({ id, now: now().toISOString() }).catch(() => touched.delete(id));
  }

  return {
    create,
    list: () => store.listTokens(),
    revoke(ref, asker = SERVER) {
      const audit = { asker, action: "token.revoke", target: `token:${ref}` } as const;
      return auditor.attempt(audit, async () => {
        if (await auditor.recorded(audit, "revokeToken", { ref, now: now().toISOString() })) return;
        throw new AppError("token:not_found", `There is no live token ${ref}`);
      });
    },
    verify,
    hasPassed: (token) => passed.has(hashOf(token)),
    async ensureLocalToken({ dir, name }) {
      const file = join(dir, LOCAL_FILES.token);
      const known = await readFile(file, "utf8").catch(() => "");
      const row = await verify(known.trim());
      if (row?.name === name) return known.trim();
      await store.revokeToken({ ref: name, now: now().toISOString() });
      const { token } = await create({ name, scopes: ["admin"], expiresAt: null });
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
      return token;
    },
  };
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

export const isLive = ({ revokedAt, expiresAt }: TokenRow, now: Date): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now.getTime());
