import { AppError } from "../domain/errors.ts";
import type { AuthResult, BoundPublicKeys } from "../sources/source.ts";
import { messageOf } from "../lib/message-of.ts";

export interface PublishedKeysOptions {
  /** The guarded outbound client. */
  readonly fetch: typeof fetch;
  readonly now: () => Date;
}

/** The public keys of senders that sign with keys of their own, fetched when a check needs them. */
export interface PublishedKeys {
  /**
   * Calls `authenticate` with the keys that are known, and once more with new ones if it then says `signature:invalid`.
   * Rejects `source:keys` where it can't tell, because the keys could not be fetched.
   */
  check(
    publicKeys: BoundPublicKeys,
    authenticate: (keys: readonly string[]) => AuthResult,
  ): Promise<AuthResult>;
}

/** Anybody can send a signature that does not match: no more requests go out than these. */
const PAUSE_MS = 60_000;
/** Shorter, because meanwhile nothing of that sender is taken. */
const PAUSE_AFTER_FAILURE_MS = 10_000;
const TIMEOUT_MS = 10_000;

/** What one URL last answered. */
interface Known {
  /** Null: nothing useful as yet. */
  readonly keys: readonly string[] | null;
  /** Why the last try failed; null: it did not. */
  readonly failure: string | null;
  /** Not asked again before; milliseconds since 1970. */
  readonly nextAt: number;
}

export function createPublishedKeys({ fetch, now }: PublishedKeysOptions): PublishedKeys {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<void>>();

  const keysOf = ({ urls }: BoundPublicKeys): readonly string[] =>
    urls.flatMap((url) => known.get(url)?.keys ?? []);

  /** Those who need the same keys at the same time share one request. */
  function refresh(url: string, read: BoundPublicKeys["read"]): Promise<void> {
    if (now().getTime() < (known.get(url)?.nextAt ?? 0)) return Promise.resolve();
    const running = asking.get(url) ?? ask(url, read).finally(() => asking.delete(url));
    asking.set(url, running);
    return running;
  }

  async function ask(url: string, read: BoundPublicKeys["read"]): Promise<void> {
    const keys = await download(url, read).catch((error: unknown) => messageOf(error));
    const at = now().getTime();
    known.set(
      url,
      typeof keys === "string"
        ? { keys: known.get(url)?.keys ?? null, failure: keys, nextAt: at + PAUSE_AFTER_FAILURE_MS }
        : { keys, failure: null, nextAt: at + PAUSE_MS },
    );
  }

  async function download(url: string, read: BoundPublicKeys["read"]): Promise<readonly string[]> {
    const headers = { accept: "application/json", "user-agent": "hookwright" };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const keys = read(await response.json());
    if (keys === null) throw new Error(`${url} answered without a public key that can be used`);
    return keys;
  }

  /** A URL that has never answered while another does is out of service: its sender's webhooks are strangers'. */
  function failureOf({ urls }: BoundPublicKeys): AppError | null {
    const all = urls.map((url) => known.get(url));
    const none = all.every((each) => each?.keys === undefined || each.keys === null);
    const failed = all.find((each) => each?.failure != null && (none || each.keys !== null));
    if (failed?.failure == null) return null;
    const seconds = Math.max(1, Math.ceil((failed.nextAt - now().getTime()) / 1_000));
    const message = `The sender's public keys could not be fetched: ${failed.failure}`;
    return new AppError("source:keys", message, { retryAfter: seconds });
  }

  return {
    async check(publicKeys, authenticate) {
      const first = authenticate(keysOf(publicKeys));
      if (first.ok || first.code !== "signature:invalid") return first;
      await Promise.all(publicKeys.urls.map((url) => refresh(url, publicKeys.read)));
      const second = authenticate(keysOf(publicKeys));
      const failure = second.ok ? null : failureOf(publicKeys);
      if (failure !== null) throw failure;
      return second;
    },
  };
}
