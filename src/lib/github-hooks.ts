import { z } from "zod";
import { getFromGithub, GithubError, postToGithub } from "./github-api.ts";
import { type GithubApp, signAppToken } from "./github-app.ts";
import type { InstallationTokens } from "./installation-tokens.ts";
import {
  createHookFinder,
  hooksPath,
  MAX_PAGES,
  parseAnswer,
  remoteIdSchema,
  type HistoryCaller,
  type HookHistory,
  type HookListing,
  type ListedDelivery,
  type ListedHook,
} from "./hook-history.ts";

export interface GithubHooksOptions {
  readonly apiUrl: string;
  /** `/repos/o/r`, `/orgs/o`, or `/app` of a GitHub App, which has one hook. */
  readonly owner: string;
  readonly credentials: GithubCredentials;
  /** Null: found by its URL. */
  readonly hookId: string | null;
  /** Where the hook sends to. */
  readonly hookUrl: string | null;
}

export type GithubCredentials =
  | { readonly type: "token"; readonly token: string }
  /** A GitHub App, for its own webhook. */
  | ({ readonly type: "app" } & GithubApp)
  /** A GitHub App that is installed on the repository. */
  | ({ readonly type: "installation" } & GithubApp);

const delivery = z.object({
  id: remoteIdSchema,
  guid: z.string().min(1).max(200),
  delivered_at: z.iso.datetime({ offset: true }),
  event: z.string(),
  status_code: z.number().catch(0),
});
const hooks = z.array(
  z.object({
    id: remoteIdSchema,
    config: z.object({ url: z.string().nullable().catch(null) }).catch({ url: null }),
  }),
);
const SERVICE = "GitHub";

/**
 * Deliveries of a webhook of a repository, an organization or an App
 * (https://docs.github.com/rest/repos/webhooks, https://docs.github.com/rest/apps/webhooks). GitHub keeps them for 3 days.
 */
export function createGithubHooks(
  options: GithubHooksOptions,
  tokens: Pick<InstallationTokens, "of">,
): HookHistory {
  const { owner, apiUrl, credentials } = options;
  const finder = createHookFinder({ service: SERVICE, ...options, page: hooksOf });
  let cached: Cached | null = null;

  async function tokenFor(caller: HistoryCaller): Promise<string> {
    if (credentials.type === "token") return credentials.token;
    if (credentials.type === "app") return signAppToken(credentials, new Date());
    const repository = owner.replace("/repos/", "");
    const token = await tokens.of({ app: credentials, apiUrl, repository }, caller);
    if (token !== null) return token;
    throw new GithubError(`The GitHub App ${credentials.id} is not installed on ${repository}`, {
      status: 403,
    });
  }

  const call = async (caller: HistoryCaller, path: string, headers = {}) => ({
    apiUrl,
    token: await tokenFor(caller),
    path,
    headers,
  });

  /** The path of the one hook. */
  async function hookPath(caller: HistoryCaller): Promise<string> {
    if (owner === "/app") return "/app/hook";
    return `${owner}/hooks/${await finder.find(caller)}`;
  }

  async function hooksOf(page: number, caller: HistoryCaller): Promise<readonly ListedHook[]> {
    const response = await getFromGithub(await call(caller, hooksPath(owner, page)), caller);
    const listed = parseAnswer(SERVICE, hooks, await response.text());
    return listed.map(({ id, config: { url } }) => ({ id, url }));
  }

  async function list(since: string | null, caller: HistoryCaller): Promise<HookListing> {
    const path = `${await hookPath(caller)}/deliveries?per_page=100`;
    const deliveries: ListedDelivery[] = [];
    const cursors = new Set<string>();
    let next: string | null = "";
    for (let page = 1; next !== null && page <= MAX_PAGES; page += 1) {
      const first = page === 1;
      const conditional = first && cached !== null ? { "if-none-match": cached.etag } : {};
      const cursor = first ? "" : `&cursor=${encodeURIComponent(next)}`;
      const response = await getFromGithub(await call(caller, path + cursor, conditional), caller);
      const current: Page =
        response.status === 304 && cached !== null ? cached.page : await readPage(response);
      const etag = response.headers.get("etag");
      if (first && etag !== null) cached = { etag, page: current };
      deliveries.push(...current.deliveries);
      next = isAfter(current, since) && !cursors.has(current.next ?? "") ? current.next : null;
      // A server whose pages lead in a circle is not followed round and round.
      if (next !== null) cursors.add(next);
    }
    const news = deliveries.filter(({ mark }) => since === null || mark > since);
    return { deliveries: news, complete: next === null };
  }

  return {
    hook: owner,
    list: async (since, caller) => {
      try {
        return await list(since, caller);
      } catch (error) {
        finder.forget();
        cached = null;
        throw error;
      }
    },
    async redeliver(remoteId, caller) {
      const path = `${await hookPath(caller)}/deliveries/${encodeURIComponent(remoteId)}/attempts`;
      await postToGithub(await call(caller, path), caller);
    },
  };
}

interface Page {
  readonly deliveries: readonly ListedDelivery[];
  /** Cursor of the next page; null at the end. */
  readonly next: string | null;
}

interface Cached {
  readonly etag: string;
  readonly page: Page;
}

/** Whether something that has not been looked at may follow. */
const isAfter = ({ deliveries }: Page, since: string | null): boolean =>
  since === null || (deliveries.at(-1)?.mark ?? "") > since;

async function readPage(response: Response): Promise<Page> {
  const deliveries = parseAnswer(SERVICE, z.array(delivery), await response.text()).map(toListed);
  return { deliveries, next: nextCursor(response.headers.get("link")) };
}

function toListed({ id, guid, event, ...rest }: z.infer<typeof delivery>): ListedDelivery {
  const deliveredAt = new Date(rest.delivered_at).toISOString();
  const ok = rest.status_code >= 200 && rest.status_code < 400;
  return { remoteId: id, senderId: guid, mark: deliveredAt, event, ok, deliveredAt };
}

/** Of the link only the cursor is taken: the token goes nowhere but to the API of the settings. */
function nextCursor(link: string | null): string | null {
  const [, url = ""] = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(link ?? "") ?? [];
  return URL.canParse(url) ? new URL(url).searchParams.get("cursor") : null;
}
