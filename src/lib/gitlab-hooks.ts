import { z } from "zod";
import { callGitlab } from "./gitlab-api.ts";
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

export interface GitlabHooksOptions {
  /** `https://gitlab.com/api/v4`. */
  readonly apiUrl: string;
  /** `/projects/ID` or `/groups/ID`, the id or path encoded. */
  readonly owner: string;
  readonly token: string;
  /** Null: found by its URL. */
  readonly hookId: string | null;
  readonly hookUrl: string | null;
}

const event = z.object({
  id: remoteIdSchema,
  trigger: z.string().catch("unknown"),
  response_status: z.coerce.string().catch(""),
  request_headers: z.record(z.string(), z.unknown()).catch({}),
});
const hooks = z.array(z.object({ id: remoteIdSchema, url: z.string() }));
const SERVICE = "GitLab";

/**
 * Events of a webhook of a project or a group (https://docs.gitlab.com/api/project_webhooks/, since GitLab 17.3, a resend
 * since 17.4). GitLab keeps them for 7 days and resends 5 a minute. A resend has the same `Idempotency-Key`.
 */
export function createGitlabHooks(options: GitlabHooksOptions): HookHistory {
  const { apiUrl, owner, token } = options;
  const finder = createHookFinder({ service: SERVICE, ...options, page: hooksOf });

  const call = (method: "GET" | "POST", path: string, caller: HistoryCaller): Promise<Response> =>
    callGitlab({ apiUrl, token, method, path }, caller);

  async function hooksOf(page: number, caller: HistoryCaller): Promise<readonly ListedHook[]> {
    const response = await call("GET", hooksPath(owner, page), caller);
    return parseAnswer(SERVICE, hooks, await response.text());
  }

  const hookPath = async (caller: HistoryCaller): Promise<string> =>
    `${owner}/hooks/${await finder.find(caller)}`;

  async function list(since: string | null, caller: HistoryCaller): Promise<HookListing> {
    const path = `${await hookPath(caller)}/events?per_page=100`;
    const deliveries: ListedDelivery[] = [];
    let page: string | null = "1";
    for (let count = 1; page !== null && count <= MAX_PAGES; count += 1) {
      const response = await call("GET", `${path}&page=${page}`, caller);
      const current = parseAnswer(SERVICE, z.array(event), await response.text());
      deliveries.push(...current.flatMap(toListed));
      const oldest = current
        .map((each) => markOf(each.id))
        .toSorted()
        .at(0);
      const next = response.headers.get("x-next-page") ?? "";
      const more = oldest !== undefined && (since === null || oldest > since);
      page = more && /^\d+$/.test(next) && Number(next) > Number(page) ? next : null;
    }
    const news = deliveries.filter(({ mark }) => since === null || mark > since);
    return { deliveries: news.toSorted((a, b) => (a.mark < b.mark ? 1 : -1)), complete: page === null };
  }

  return {
    hook: owner,
    list: async (since, caller) => {
      try {
        return await list(since, caller);
      } catch (error) {
        finder.forget();
        throw error;
      }
    },
    async redeliver(remoteId, caller) {
      await call("POST", `${await hookPath(caller)}/events/${encodeURIComponent(remoteId)}/resend`, caller);
    },
  };
}

/** Ids ascend; events have no time. */
const markOf = (eventId: string): string => eventId.padStart(20, "0");

/** An event without an Idempotency-Key, of a GitLab before 17.4, can't be told from others. */
function toListed({
  id: remoteId,
  trigger,
  request_headers: headers,
  response_status: status,
}: z.infer<typeof event>): ListedDelivery[] {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  // As the source takes a sender's id from a request.
  const senderId = byName.get("webhook-id") ?? byName.get("idempotency-key");
  if (typeof senderId !== "string" || senderId === "") return [];
  const ok = /^[23]\d\d$/.test(status);
  return [{ remoteId, senderId, mark: markOf(remoteId), event: trigger, ok, deliveredAt: null }];
}
