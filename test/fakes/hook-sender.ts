import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fail, type FakeFault } from "./github-api.ts";

/** A webhook request as the fake sends it. */
export interface SentRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends a request; resolves with the status of the answer, or rejects when there is none. */
export type Send = (request: SentRequest) => Promise<number>;

export interface FakeHook {
  readonly id: number;
  readonly url: string;
}

/** One try at a delivery, as the sender keeps it. */
export interface FakeTry {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly payload: unknown;
  readonly at: Date;
  /** 0: no answer. */
  readonly status: number;
  readonly redelivery: boolean;
}

export interface DeliverInput {
  readonly event?: string;
  readonly payload?: unknown;
  readonly at?: Date;
  /** Instead of sending it: the answer that the sender believes to have had; 0: none. */
  readonly pretend?: number;
  readonly guid?: string;
}

export type SenderFault = FakeFault & {
  /** Only of a request that fits: `POST /path`. Default: the next one. */
  readonly on?: RegExp;
};

/** What the fakes of GitHub's and GitLab's webhooks have in common: a hook, its tries, a real HTTP server. */
export interface FakeSender {
  readonly url: string;
  readonly tries: FakeTry[];
  /** Every request: `GET /path`. */
  readonly requests: string[];
  /** To have instead of real answers, each once. */
  readonly faults: SenderFault[];
  /** How requests get to the server; default: they do not. */
  send: Send;
  /** Says that it will send again, and does not. */
  lies: boolean;
  /** Tries a delivery; resolves with its id. */
  deliver(input?: DeliverInput): Promise<string>;
  /** Resolves when nothing is being sent any more. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface SenderParts {
  readonly hook: FakeHook;
  /** The headers and the body of a delivery. */
  request(input: { readonly guid: string; readonly event: string; readonly payload: unknown }): SentRequest;
  answer(request: IncomingMessage, response: ServerResponse, sender: Resending): void;
}

export interface Resending extends FakeSender {
  /** Sends the delivery of a try once more; resolves with the answer's status. */
  resend(of: FakeTry): Promise<number>;
}

export async function startSender(parts: SenderParts): Promise<FakeSender> {
  const underWay = new Set<Promise<unknown>>();
  let nextId = 1_000;

  async function attempt(guid: string, input: DeliverInput, redelivery: boolean): Promise<number> {
    const { event = "push", payload = {}, at = new Date(), pretend } = input;
    const status = pretend ?? (await sender.send(parts.request({ guid, event, payload })).catch(() => 0));
    sender.tries.unshift({ id: nextId, guid, event, payload, at, status, redelivery });
    nextId += 1;
    return status;
  }

  function track<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  }

  const server = createServer((request, response) => {
    const line = `${request.method ?? ""} ${request.url ?? ""}`;
    sender.requests.push(line);
    const index = sender.faults.findIndex(({ on }) => on === undefined || on.test(line));
    const [fault] = index < 0 ? [] : sender.faults.splice(index, 1);
    if (fault === undefined) parts.answer(request, response, sender);
    else fail(fault, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const sender: Resending = {
    url: `http://127.0.0.1:${port}`,
    tries: [],
    requests: [],
    faults: [],
    send: () => Promise.reject(new Error("nobody is there")),
    lies: false,
    async deliver(input = {}) {
      const { guid = randomUUID() } = input;
      await track(attempt(guid, input, false));
      return guid;
    },
    async resend({ guid, event, payload }) {
      return sender.lies ? 0 : track(attempt(guid, { event, payload }, true));
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return sender;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(JSON.stringify(body));
}

/** One page of a list, as GitHub and GitLab number them. */
export function sendPage(response: ServerResponse, items: readonly unknown[], query: URLSearchParams): void {
  const size = Number(query.get("per_page") ?? "30");
  const start = (Number(query.get("page") ?? "1") - 1) * size;
  sendJson(response, 200, items.slice(start, start + size));
}

/** Sends over real HTTP to the server at `base`, whatever host the hook's URL names. */
export const sendTo =
  (base: string): Send =>
  async ({ url, headers, body }) => {
    const { pathname, search } = new URL(url);
    const response = await fetch(base + pathname + search, {
      method: "POST",
      headers: { ...headers },
      body: new Uint8Array(body),
    });
    await response.arrayBuffer();
    return response.status;
  };
