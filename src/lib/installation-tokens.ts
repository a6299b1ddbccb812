import { z } from "zod";
import { encodePath } from "./encode-path.ts";
import { type GithubApp, signAppToken } from "./github-app.ts";
import { getFromGithub, GithubError, postToGithub, type GithubCaller } from "./github-api.ts";

/** Tokens with which a GitHub App works on single repositories that it is installed on. */
export interface InstallationTokens {
  /**
   * For one repository and nothing else, good for at least some minutes; null where the App is not installed on it.
   * Rejects GithubError, or with the signal's reason.
   */
  of(wanted: WantedToken, caller: Pick<GithubCaller, "signal" | "log">): Promise<string | null>;
  /** In the place of a token that GitHub has refused; null where that one was none of an App's. Rejects as `of`. */
  renew(refused: string, signal: AbortSignal): Promise<string | null>;
}

export interface WantedToken {
  readonly app: GithubApp;
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
}

export interface InstallationTokensOptions {
  /** The guarded outbound client. */
  readonly fetch: typeof fetch;
  readonly now: () => Date;
}

interface Entry {
  readonly wanted: WantedToken;
  readonly token: string;
  /** Milliseconds. */
  readonly expiresAt: number;
}

/** A token that is over sooner is not given out any more: what it is for takes its time. */
const SPARE_MS = 5 * 60_000;
/** For the two requests, with their repetitions. */
const ASKING_MS = 120_000;
/** A refused token is remembered, so that several callers who were refused make one new one. */
const REFUSED_KEPT = 100;

/**
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
 * Kept in memory until shortly before they expire (GitHub's hour); those who ask at once share one request.
 */
export function createInstallationTokens({ fetch, now }: InstallationTokensOptions): InstallationTokens {
  const entries = new Map<string, Entry>();
  const asking = new Map<string, Promise<string | null>>();
  const refusals = new Map<string, WantedToken>();

  async function ask(wanted: WantedToken, caller: GithubCaller): Promise<string | null> {
    const { app, apiUrl, repository } = wanted;
    const call = (path: string) => ({ apiUrl, path, token: signAppToken(app, now()) });
    const id = await installationOf(call(`/repos/${encodePath(repository)}/installation`), caller);
    if (id === null) return null;
    const body = { repositories: [repository.slice(repository.indexOf("/") + 1)] };
    const response = await postToGithub(
      { ...call(`/app/installations/${id}/access_tokens`), body },
      caller,
    ).catch(explain);
    const { token, expires_at: expiresAt } = parse(tokenSchema, await response.text());
    for (const [key, entry] of entries) if (entry.expiresAt <= now().getTime()) entries.delete(key);
    entries.set(keyOf(wanted), { wanted, token, expiresAt: Date.parse(expiresAt) });
    return token;
  }

  /** Whoever asked first may give up while others wait for the same. */
  function begin(key: string, wanted: WantedToken, log: GithubCaller["log"]): Promise<string | null> {
    const signal = AbortSignal.timeout(ASKING_MS);
    const asked = ask(wanted, { fetch, signal, log }).finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  }

  async function of(
    wanted: WantedToken,
    caller: Pick<GithubCaller, "signal" | "log">,
  ): Promise<string | null> {
    const key = keyOf(wanted);
    const known = entries.get(key);
    if (known !== undefined && known.expiresAt - SPARE_MS > now().getTime()) return known.token;
    const asked = asking.get(key) ?? begin(key, wanted, caller.log);
    return Promise.race([asked, aborted(caller.signal)]);
  }

  return {
    of,
    async renew(refused, signal) {
      const entry = [...entries.values()].find(({ token }) => token === refused);
      if (entry !== undefined) {
        entries.delete(keyOf(entry.wanted));
        refusals.set(refused, entry.wanted);
        for (const oldest of refusals.keys()) {
          if (refusals.size <= REFUSED_KEPT) break;
          refusals.delete(oldest);
        }
      }
      const wanted = refusals.get(refused);
      return wanted === undefined ? null : of(wanted, { signal, log: () => undefined });
    },
  };
}

/** Never resolves. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const tell = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error("Aborted"));
    if (signal.aborted) tell();
    else signal.addEventListener("abort", tell, { once: true });
  });

const keyOf = ({ app, apiUrl, repository }: WantedToken): string =>
  JSON.stringify([apiUrl, app.id, repository.toLowerCase()]);

const installationSchema = z.object({ id: z.int() });
const tokenSchema = z.object({ token: z.string().min(1), expires_at: z.iso.datetime({ offset: true }) });

async function installationOf(
  call: Parameters<typeof getFromGithub>[0],
  caller: GithubCaller,
): Promise<number | null> {
  try {
    const response = await getFromGithub(call, caller);
    return parse(installationSchema, await response.text()).id;
  } catch (error) {
    if (error instanceof GithubError && error.status === 404) return null;
    return explain(error);
  }
}

function explain(error: unknown): never {
  if (!(error instanceof GithubError)) throw error;
  const { status, limited, message, retryAfterMs } = error;
  const hint =
    status === 401
      ? ". GitHub does not take the App's id or private key (github.app), or this machine's clock is wrong"
      : status === 403 || status === 422
        ? ". The App's installation is suspended, or does not cover the repository"
        : "";
  throw new GithubError(`No token for the GitHub App: ${message}${hint}`, {
    status,
    limited,
    retryAfterMs,
    cause: error,
  });
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const message = "GitHub's answer about the App's installation is not what its documentation says";
    throw new GithubError(message, { status: null, cause });
  }
}
