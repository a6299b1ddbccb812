import type { ServerResponse } from "node:http";
import {
  type FakeSender,
  type FakeTry,
  type Resending,
  sendJson,
  sendPage,
  startSender,
} from "./hook-sender.ts";

export interface FakeGitlabHooksOptions {
  /** `/projects/ID` or `/groups/ID`, encoded. */
  readonly owner?: string;
  readonly hookUrl?: string;
  readonly secret?: string;
  /** What it says of the hook, instead of what it says of one that is as it should be. */
  readonly hook?: Readonly<Record<string, unknown>>;
  /** Hooks that are listed before it. */
  readonly others?: number;
  readonly pageSize?: number;
  /** Resends until it answers 429; GitLab allows 5 a minute. */
  readonly resends?: number;
}

const HOOK_ID = 7;
const HOOK = {
  id: HOOK_ID,
  push_events: true,
  tag_push_events: false,
  merge_requests_events: false,
  pipeline_events: false,
  enable_ssl_verification: true,
  alert_status: "executable",
  disabled_until: null,
};

/**
 * The webhooks' part of GitLab's API as https://docs.gitlab.com/api/project_webhooks/ describes it: hooks, events by page,
 * and a resend, which waits for the answer and keeps the `Idempotency-Key`.
 */
export function startFakeGitlabHooks(options: FakeGitlabHooksOptions = {}): Promise<FakeSender> {
  const {
    owner = "/projects/g%2Fapp",
    hookUrl = "https://hooks.example.com/hooks/app",
    secret = "",
  } = options;
  const base = `${owner}/hooks/${HOOK_ID}`;
  let resends = options.resends ?? Infinity;
  return startSender({
    hook: { id: HOOK_ID, url: hookUrl },
    request: ({ guid, event, payload }) => ({
      url: hookUrl,
      body: Buffer.from(JSON.stringify(payload)),
      headers: { ...headersOf(guid, event), "x-gitlab-token": secret },
    }),
    answer(request, response, sender) {
      const url = request.url ?? "";
      const [path = "", search = ""] = url.split("?");
      if (request.method === "GET" && path === `${owner}/hooks`) {
        const others = Array.from({ length: options.others ?? 1 }, (_, index) => ({
          ...HOOK,
          id: 1_000 + index,
          url: "https://other.example.com",
        }));
        const ours = { ...HOOK, url: hookUrl, ...options.hook };
        return sendPage(response, [...others, ours], new URLSearchParams(search));
      }
      if (request.method === "GET" && path === `${base}/events`) {
        return sendEvents(response, sender, new URLSearchParams(search), options.pageSize ?? 100);
      }
      const [, id] = /\/events\/(\d+)\/resend$/.exec(path) ?? [];
      if (request.method !== "POST" || path !== `${base}/events/${id}/resend`) {
        return sendJson(response, 404, { message: "404 Not found" });
      }
      if (resends === 0) {
        const message = "This endpoint has been requested too many times. Try again later.";
        return sendJson(response, 429, { message }, { "retry-after": "3600" });
      }
      resends -= 1;
      return void resend(response, sender, Number(id));
    },
  });
}

const headersOf = (guid: string, event: string): Record<string, string> => ({
  "content-type": "application/json",
  "user-agent": "GitLab/17.4.0",
  "idempotency-key": guid,
  "x-gitlab-event": event,
  "x-gitlab-instance": "https://gitlab.example.com",
});

function sendEvents(
  response: ServerResponse,
  sender: Resending,
  query: URLSearchParams,
  pageSize: number,
): void {
  const page = Number(query.get("page") ?? "1");
  const size = Math.min(pageSize, Number(query.get("per_page") ?? "20"));
  const events = sender.tries.slice((page - 1) * size, page * size).map(toEvent);
  const next = page * size < sender.tries.length ? String(page + 1) : "";
  sendJson(response, 200, events, { "x-next-page": next, "x-page": String(page) });
}

const toEvent = ({ id, guid, event, payload, status }: FakeTry): unknown => ({
  id,
  url: "https://hooks.example.com/hooks/app",
  trigger: "push_hooks",
  request_headers: {
    "Idempotency-Key": guid,
    "X-Gitlab-Event": event,
    "X-Gitlab-Token": "[REDACTED]",
  },
  request_data: payload,
  response_status: status === 0 ? "internal error" : String(status),
  execution_duration: 1.09,
});

async function resend(response: ServerResponse, sender: Resending, id: number): Promise<void> {
  const found = sender.tries.find((each) => each.id === id);
  if (found === undefined) return sendJson(response, 404, { message: "404 Not found" });
  const status = await sender.resend(found);
  if (status === 0) return sendJson(response, 422, { message: "the webhook could not be sent" });
  return sendJson(response, 201, { response_status: status });
}
