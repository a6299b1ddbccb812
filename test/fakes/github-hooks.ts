import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FakeApp } from "./github-app.ts";
import {
  type FakeSender,
  type FakeTry,
  type Resending,
  sendJson,
  sendPage,
  startSender,
} from "./hook-sender.ts";

export interface FakeGithubHooksOptions {
  /** `/repos/o/r`, `/orgs/o` or `/app`. */
  readonly owner?: string;
  /** Where the hook sends to. */
  readonly hookUrl?: string;
  readonly secret?: string;
  /** Valid tokens; default: any. */
  readonly accepts?: (authorization: string) => boolean;
  readonly app?: FakeApp;
  /** What it says of the hook, instead of what it says of one that is as it should be; null: there is none. */
  readonly hook?: Readonly<Record<string, unknown>> | null;
  /** Hooks that are listed before it. */
  readonly others?: number;
  /** Deliveries on a page, however many are asked for. */
  readonly pageSize?: number;
}

export const HOOK_ID = 4242;

/**
 * The webhooks' part of GitHub's API as https://docs.github.com/rest/repos/webhooks describes it: hooks, deliveries by
 * cursor, `Link`, `ETag`, and a redelivery that keeps the delivery's GUID.
 */
export function startFakeGithubHooks(options: FakeGithubHooksOptions = {}): Promise<FakeSender> {
  const { owner = "/repos/o/app", hookUrl = "https://hooks.example.com/hooks/app", secret = "" } = options;
  const base = owner === "/app" ? "/app/hook" : `${owner}/hooks/${HOOK_ID}`;
  return startSender({
    hook: { id: HOOK_ID, url: hookUrl },
    request({ guid, event, payload }) {
      const body = Buffer.from(JSON.stringify(payload));
      const signature = createHmac("sha256", secret).update(body).digest("hex");
      return {
        url: hookUrl,
        body,
        headers: {
          "content-type": "application/json",
          "user-agent": "GitHub-Hookshot/abc123",
          "x-github-event": event,
          "x-github-delivery": guid,
          "x-github-hook-id": String(HOOK_ID),
          "x-hub-signature-256": `sha256=${signature}`,
        },
      };
    },
    answer(request, response, sender) {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://fake");
      const { accepts = () => true } = options;
      const { app } = options;
      if (app?.answer(request, response) === true) return undefined;
      const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
      if (app?.takes(token, pathname) === false || !accepts(request.headers.authorization ?? "")) {
        return sendJson(response, 401, { message: "Bad credentials" });
      }
      if (request.method === "GET" && pathname === `${owner}/hooks`) {
        const other = hookOf("https://elsewhere.example.com/hooks/app");
        const others = Array.from({ length: options.others ?? 1 }, (_, index) => ({
          ...other,
          id: index + 1,
        }));
        const ours = { ...hookOf(hookUrl), ...options.hook };
        return sendPage(response, options.hook === null ? others : [...others, ours], searchParams);
      }
      if (request.method === "GET" && pathname === `${base}/deliveries`) {
        const { pageSize = 100 } = options;
        return sendDeliveries(request, response, { sender, pageSize, query: searchParams, path: pathname });
      }
      const [, id] = /\/deliveries\/(\d+)\/attempts$/.exec(pathname) ?? [];
      if (request.method === "POST" && pathname === `${base}/deliveries/${id}/attempts`) {
        return redeliver(response, sender, Number(id));
      }
      return sendJson(response, 404, { message: "Not Found" });
    },
  });
}

interface DeliveriesPage {
  readonly sender: Resending;
  readonly pageSize: number;
  readonly query: URLSearchParams;
  readonly path: string;
}

function sendDeliveries(
  request: IncomingMessage,
  response: ServerResponse,
  { sender, pageSize, query, path }: DeliveriesPage,
): void {
  const cursor = query.get("cursor");
  const from = cursor === null ? 0 : sender.tries.findIndex(({ id }) => `v1_${id}` === cursor);
  const size = Math.min(pageSize, Number(query.get("per_page") ?? "30"));
  const page = sender.tries.slice(from, from + size).map(toDelivery);
  const next = sender.tries[from + size];
  const etag = `W/"${createHash("sha256").update(JSON.stringify(page)).digest("hex")}"`;
  const headers: Record<string, string> = { etag, "x-ratelimit-remaining": "4999" };
  if (next !== undefined) {
    headers["link"] = `<${sender.url}${path}?per_page=${size}&cursor=v1_${next.id}>; rel="next"`;
  }
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  sendJson(response, 200, page, headers);
}

const toDelivery = ({ id, guid, event, at, status, redelivery }: FakeTry): unknown => ({
  id,
  guid,
  delivered_at: at.toISOString().replace(/\.\d+Z$/, "Z"),
  redelivery,
  duration: 0.27,
  status: status >= 200 && status < 400 ? "OK" : "Invalid HTTP Response",
  status_code: status,
  event,
  action: null,
  installation_id: null,
  repository_id: 456,
  throttled_at: null,
});

function redeliver(response: ServerResponse, sender: Resending, id: number): void {
  const found = sender.tries.find((each) => each.id === id);
  if (found === undefined) return sendJson(response, 404, { message: "Not Found" });
  sendJson(response, 202, {});
  void sender.resend(found);
  return undefined;
}

const hookOf = (url: string) => ({
  id: HOOK_ID,
  type: "Repository",
  name: "web",
  active: true,
  events: ["push", "pull_request"],
  config: { url, content_type: "json", insecure_ssl: "0", secret: "********" },
  last_response: { code: 202, status: "active", message: "OK" },
});
