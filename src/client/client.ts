import type { EventSourceMessage } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { z } from "zod";
import { auditEventSchema, type AuditQuery, purgedSchema } from "./audit.ts";
import type {
  ApproveRequest,
  DeliveryQuery,
  MessageQuery,
  PruneRequest,
  RevisionQuery,
  RevisionRollbackRequest,
  RollbackRequest,
  SessionRequest,
  StartRequest,
  TaskQuery,
  TokenRequest,
  UserChange,
  UserRequest,
  UserTokenRequest,
} from "./requests.ts";
import {
  actionChangesSchema,
  actionSchema,
  attemptSchema,
  changedSchema,
  createdTokenSchema,
  createdUserTokenSchema,
  deliveryDetailSchema,
  deliverySchema,
  endpointSchema,
  explanationSchema,
  listOf,
  logEntrySchema,
  messageSchema,
  nodeSchema,
  pageOf,
  planSchema,
  problemSchema,
  prunedSchema,
  receivedSchema,
  releaseSchema,
  revisionRollbackSchema,
  revisionSchema,
  sourceSchema,
  retriedSchema,
  sourceStatsSchema,
  startedTaskSchema,
  taskSchema,
  taskStatsSchema,
  tokenSchema,
  whoamiSchema,
  userSchema,
  userTokenSchema,
} from "./schemas.ts";

/** An answer that was an error, with the server's stable code. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** The problem document. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor({ status, code, detail, ...rest }: z.infer<typeof problemSchema>) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.problem = { status, code, detail, ...rest };
  }
}

/** There is no server at the address, or the connection broke. */
export class ConnectionError extends Error {
  constructor(url: string, cause: unknown) {
    super(`No Hookwright answers at ${url}`, { cause });
    this.name = "ConnectionError";
  }
}

export type FollowEvent =
  | { readonly type: "log"; readonly entry: z.infer<typeof logEntrySchema> }
  | { readonly type: "task"; readonly task: z.infer<typeof taskSchema> };

export interface ClientOptions {
  /** Of the server, without a path. */
  readonly url: string;
  /** Null: the browser's cookie of a session, for pages that came from the server. */
  readonly token: string | null;
  readonly fetch?: typeof fetch;
}

export type Client = ReturnType<typeof createClient>;

/** The typed client of `/api/v1`. Calls reject with ApiError or ConnectionError. */
export function createClient({ url, token, fetch: request = fetch }: ClientOptions) {
  const credentials = token === null ? BY_COOKIE : { authorization: `Bearer ${token}` };
  const base = `${url.replace(/\/+$/, "")}/api/v1`;

  async function send(method: string, path: string, options: SendOptions = {}): Promise<Response> {
    const headers: Record<string, string> = { ...credentials, ...options.headers };
    if (options.body !== undefined) headers["content-type"] = "application/json";
    const { body, signal = null } = options;
    const response = await request(base + path, {
      method,
      headers,
      signal,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      throw new ConnectionError(url, error);
    });
    if (response.ok) return response;
    throw await toApiError(response);
  }

  async function call<T>(schema: z.ZodType<T>, method: string, path: string, body?: unknown): Promise<T> {
    const response = await send(method, path, { body });
    return schema.parse(await response.json());
  }

  /**
   * Everything that happens, until the connection breaks or the signal says so. What was missed before `ready` has to be
   * read from the lists.
   */
  async function* live(options: LiveOptions): AsyncGenerator<LiveEvent> {
    const { log, after, signal } = options;
    const events = stream(`/events${search({ log, after })}`, { signal });
    for await (const { event, data } of events) {
      if (event === "ready") yield { type: "ready" };
      if (event === "task") yield { type: "task", task: taskSchema.parse(JSON.parse(data)) };
      if (event === "log") yield { type: "log", entry: logEntrySchema.parse(JSON.parse(data)) };
      if (event === "changed") yield { type: "changed", ...changedSchema.parse(JSON.parse(data)) };
    }
  }

  async function* stream(path: string, { headers, signal }: SendOptions): AsyncGenerator<EventSourceMessage> {
    const accept = { accept: "text/event-stream", ...headers };
    const response = await send("GET", path, { headers: accept, ...(signal && { signal }) });
    if (response.body === null) return;
    const reader = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream({ onComment: () => heard() }))
      .getReader();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => void reader.cancel().catch(() => undefined), SILENCE_MS);
    };
    try {
      heard();
      // Not `for await`: not every browser has it for streams.
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        heard();
        yield value;
      }
    } finally {
      clearTimeout(silence);
      await reader.cancel().catch(() => undefined);
    }
  }

  /** Follows a task to its end, over broken connections: no log entry comes twice or is left out. */
  async function* followTask(id: string, options: FollowOptions = {}): AsyncGenerator<FollowEvent> {
    const { reconnectMs = RECONNECT_MS } = options;
    let after = options.after ?? 0;
    for (let failures = 0; ; failures += 1) {
      try {
        for await (const event of streamOnce(id, after, options.signal)) {
          failures = 0;
          if (event === "end") return;
          if (event.type === "log") after = event.entry.seq;
          yield event;
        }
      } catch (error) {
        if (!isPassing(error) || failures >= MAX_RECONNECTS) throw error;
        if (failures === 0) options.onReconnect?.();
      }
      await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }

  async function* streamOnce(
    id: string,
    after: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FollowEvent | "end"> {
    const headers = { "last-event-id": String(after) };
    const events = stream(`/tasks/${encodeURIComponent(id)}/events`, { headers, ...(signal && { signal }) });
    for await (const { event, data } of events) {
      if (event === "end") yield "end";
      if (event === "log") yield { type: "log", entry: logEntrySchema.parse(JSON.parse(data)) };
      if (event === "task") yield { type: "task", task: taskSchema.parse(JSON.parse(data)) };
    }
  }

  const one = (id: string): string => encodeURIComponent(id);
  return {
    url,
    listTasks: (query: TaskQuery = {}) => call(pageOf(taskSchema), "GET", `/tasks${search(query)}`),
    getTask: (id: string) => call(taskSchema, "GET", `/tasks/${one(id)}`),
    startTask: (body: Omit<StartRequest, "dry_run">) => call(startedTaskSchema, "POST", "/tasks", body),
    planTask: (body: Omit<StartRequest, "dry_run">) =>
      call(planSchema, "POST", "/tasks", { ...body, dry_run: true }),
    cancelTask: (id: string) => call(taskSchema, "POST", `/tasks/${one(id)}/cancel`),
    approveTask: (id: string, body: ApproveRequest = {}) =>
      call(taskSchema, "POST", `/tasks/${one(id)}/approve`, body),
    refuseTask: (id: string, body: Omit<ApproveRequest, "override_freeze"> = {}) =>
      call(taskSchema, "POST", `/tasks/${one(id)}/refuse`, body),
    retryTask: (id: string) => call(startedTaskSchema, "POST", `/tasks/${one(id)}/retry`),
    listLog: (id: string, query: { after?: number; limit?: number } = {}) =>
      call(listOf(logEntrySchema), "GET", `/tasks/${one(id)}/log${search(query)}`),
    purgeLog: (id: string) => call(purgedSchema, "DELETE", `/tasks/${one(id)}/log`),
    followTask,
    live,
    listDeliveries: (query: DeliveryQuery = {}) =>
      call(pageOf(deliverySchema), "GET", `/deliveries${search(query)}`),
    getDelivery: (id: string) => call(deliveryDetailSchema, "GET", `/deliveries/${one(id)}`),
    explainDelivery: (id: string) => call(explanationSchema, "GET", `/deliveries/${one(id)}/explain`),
    replayDelivery: (id: string, { dryRun = false } = {}) =>
      call(receivedSchema, "POST", `/deliveries/${one(id)}/replay`, { dry_run: dryRun }),
    listReleases: (app?: string) => call(listOf(releaseSchema), "GET", `/releases${search({ app })}`),
    listRevisions: (query: RevisionQuery = {}) =>
      call(listOf(revisionSchema), "GET", `/revisions${search(query)}`),
    rollBackRevision: (body: RevisionRollbackRequest) =>
      call(revisionRollbackSchema, "POST", "/revisions/rollback", body),
    rollBackApp: (app: string, body: RollbackRequest = {}) =>
      call(listOf(startedTaskSchema), "POST", `/apps/${one(app)}/rollback`, body),
    listEndpoints: () => call(listOf(endpointSchema), "GET", "/endpoints"),
    testEndpoint: (name: string) => call(attemptSchema, "POST", `/endpoints/${one(name)}/test`),
    enableEndpoint: async (name: string) => void (await send("POST", `/endpoints/${one(name)}/enable`)),
    listMessages: (query: MessageQuery = {}) =>
      call(pageOf(messageSchema), "GET", `/messages${search(query)}`),
    retryMessage: (id: string) => call(messageSchema, "POST", `/messages/${one(id)}/retry`),
    retryMessages: (endpoint: string | null) => call(retriedSchema, "POST", "/messages/retry", { endpoint }),
    getDeliveryBody: async (id: string) => (await send("GET", `/deliveries/${one(id)}/body`)).blob(),
    getActionChanges: (name: string) => call(actionChangesSchema, "GET", `/actions/${one(name)}/changes`),
    taskStats: (query: { days?: number } = {}) =>
      call(taskStatsSchema, "GET", `/stats/tasks${search(query)}`),
    sourceStats: () => call(listOf(sourceStatsSchema), "GET", "/stats/sources"),
    whoami: () => call(whoamiSchema, "GET", "/whoami"),
    logIn: (by: SessionRequest) => call(whoamiSchema, "POST", "/session", by),
    logOut: async () => void (await send("DELETE", "/session")),
    listActions: () => call(listOf(actionSchema), "GET", "/actions"),
    listSources: () => call(listOf(sourceSchema), "GET", "/sources"),
    listNodes: () => call(listOf(nodeSchema), "GET", "/nodes"),
    listTokens: () => call(listOf(tokenSchema), "GET", "/tokens"),
    createToken: (body: TokenRequest) => call(createdTokenSchema, "POST", "/tokens", body),
    revokeToken: async (ref: string) => void (await send("DELETE", `/tokens/${one(ref)}`)),
    prune: (body: PruneRequest) => call(prunedSchema, "POST", "/prune", body),
    listAudit: (query: AuditQuery = {}) => call(pageOf(auditEventSchema), "GET", `/audit${search(query)}`),
    listUsers: () => call(listOf(userSchema), "GET", "/users"),
    addUser: (body: UserRequest) => call(userSchema, "POST", "/users", body),
    changeUser: (name: string, body: UserChange) => call(userSchema, "PATCH", `/users/${one(name)}`, body),
    listUserTokens: (name: string) => call(listOf(userTokenSchema), "GET", `/users/${one(name)}/tokens`),
    createUserToken: (name: string, body: UserTokenRequest) =>
      call(createdUserTokenSchema, "POST", `/users/${one(name)}/tokens`, body),
    revokeUserToken: async (name: string, ref: string) =>
      void (await send("DELETE", `/users/${one(name)}/tokens/${one(ref)}`)),
    reloadSettings: async () => void (await send("POST", "/settings/reload")),
  };
}

interface SendOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type LiveEvent =
  | FollowEvent
  | { readonly type: "ready" }
  | ({ readonly type: "changed" } & z.infer<typeof changedSchema>);

export interface LiveOptions {
  readonly signal: AbortSignal;
  /** A task whose log is told too. */
  readonly log?: string | undefined;
  /** Only its entries after this `seq`. */
  readonly after?: number | undefined;
}

export interface FollowOptions {
  /** Only log entries after this `seq`. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  /** Milliseconds between two tries to connect again. */
  readonly reconnectMs?: number;
  /** The connection broke, and is being tried again. */
  readonly onReconnect?: () => void;
}

/** A broken connection (TypeError is what `fetch` makes of one), or a server that is starting, ending or busy. */
const isPassing = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  error instanceof TypeError ||
  (error instanceof ApiError && error.status === 503);

/** Proves to the server that its own page asks, and no other: http/session-cookie.ts. */
const BY_COOKIE: Readonly<Record<string, string>> = { "x-hookwright-dashboard": "1" };

/** The server says something every 15 seconds; a connection that is silent for longer is one that nobody has told us is gone. */
const SILENCE_MS = 45_000;

/** With the pause between them, half a minute for a server to come back. */
const MAX_RECONNECTS = 60;
const RECONNECT_MS = 500;

function search(query: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (typeof value === "string" || typeof value === "number") params.set(key, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

async function toApiError(response: Response): Promise<Error> {
  const text = await response.text();
  const parsed = problemSchema.safeParse(parseJson(text));
  if (parsed.success) return new ApiError(parsed.data);
  return new Error(`${response.url} answered ${response.status}: ${text.slice(0, 200)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
