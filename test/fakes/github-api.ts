import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { FakeApp } from "./github-app.ts";
import { type FakeDispatch, judgeDispatch, readBody } from "./github-dispatches.ts";

/** What the fake knows of one repository, in the words of GitHub's REST documentation. */
export interface FakeRepository {
  /** Commit id → whether its signature is verified. */
  readonly commits: Readonly<Record<string, { readonly verified: boolean }>>;
  /** Branch name → its head and whether it is protected. */
  readonly branches: Readonly<Record<string, { readonly sha: string; readonly protected: boolean }>>;
  /** False: the token may read it only. */
  readonly writable?: boolean;
}

/** What goes wrong instead of an answer: one with that status, none at all, or a connection that breaks. */
export type FakeFault =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly message?: string;
      /** Instead of a message. */
      readonly body?: unknown;
    }
  | { readonly fails: "hang" | "reset" };

export interface FakeGithub {
  readonly url: string;
  /** Every request: method, path, `authorization`. */
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string | null;
  }[];
  /** The repository_dispatch events it took, in order. */
  readonly dispatches: FakeDispatch[];
  /** Faults to have before the real answers, each once. */
  readonly faults: FakeFault[];
  close(): Promise<void>;
}

export interface FakeGithubOptions {
  /** Valid tokens; default: any, and none. */
  readonly tokens?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Its tokens are good for its repositories, beside those given. */
  readonly app?: FakeApp;
  readonly onDispatch?: (dispatch: FakeDispatch) => void;
}

/**
 * GitHub's API over real HTTP as https://docs.github.com/rest describes it: commits, branches-where-head, branches and
 * repository_dispatch of the repositories given (`owner/name`).
 */
export async function startFakeGithub(
  repositories: Readonly<Record<string, FakeRepository>>,
  options: FakeGithubOptions = {},
): Promise<FakeGithub> {
  const requests: FakeGithub["requests"] = [];
  const dispatches: FakeDispatch[] = [];
  const faults: FakeFault[] = [];
  const server = createServer((request, response) => {
    const { method = "", url: path = "" } = request;
    requests.push({ method, path, authorization: request.headers.authorization ?? null });
    const fault = faults.shift();
    if (fault !== undefined) return fail(fault, request, response);
    if (options.app?.answer(request, response) === true) return undefined;
    const refusal = refuseRequest(request, options);
    if (refusal !== null) return send(response, refusal.status, { message: refusal.message });
    if (method === "POST") return void dispatch({ repositories, dispatches, options }, request, response);
    return answer(repositories, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    dispatches,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Has a fault instead of an answer. */
export function fail(fault: FakeFault, request: IncomingMessage, response: ServerResponse): void {
  if ("fails" in fault) {
    if (fault.fails === "reset") request.socket.resetAndDestroy();
    return;
  }
  for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
  send(response, fault.status, fault.body ?? { message: fault.message ?? `fault ${fault.status}` });
}

interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** What GitHub asks of every request. */
function refuseRequest(
  { headers, url = "" }: IncomingMessage,
  { tokens, app }: FakeGithubOptions,
): Refusal | null {
  if ((headers["user-agent"] ?? "") === "") {
    return { status: 403, message: "Request forbidden by administrative rules." };
  }
  const version = headers["x-github-api-version"];
  if (version !== undefined && version !== "2022-11-28") {
    return { status: 400, message: `${String(version)} is not a supported version` };
  }
  const [, token = ""] = /^(?:Bearer|token) (.+)$/i.exec(headers.authorization ?? "") ?? [];
  if (app?.takes(token, url) === true) return null;
  const taken = tokens === undefined ? app === undefined : tokens.includes(token);
  return taken ? null : { status: 401, message: "Bad credentials" };
}

interface DispatchParts {
  readonly repositories: Readonly<Record<string, FakeRepository>>;
  readonly dispatches: FakeDispatch[];
  readonly options: FakeGithubOptions;
}

async function dispatch(
  { repositories, dispatches, options }: DispatchParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  const [, repository = ""] = /^\/repos\/([^/]+\/[^/]+)\/dispatches$/.exec(request.url ?? "") ?? [];
  const known = repositories[repository];
  if (known === undefined) return send(response, 404, { message: "Not Found" });
  if (known.writable === false) {
    return send(response, 403, { message: "Resource not accessible by personal access token" });
  }
  const verdict = judgeDispatch({ repository, headers: request.headers, body });
  if (!verdict.ok) return send(response, verdict.status, { message: verdict.message });
  dispatches.push(verdict.dispatch);
  options.onDispatch?.(verdict.dispatch);
  response.writeHead(204).end();
  return undefined;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

function answer(
  repositories: Readonly<Record<string, FakeRepository>>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [, root, owner, name, kind, key = "", extra] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
  const repository = repositories[`${owner}/${name}`];
  const id = decodeURIComponent(key);
  if (root !== "repos" || repository === undefined) return send(response, 404, { message: "Not Found" });
  if (kind === "commits" && extra === "branches-where-head") return sendHeads(repository, id, response);
  if (kind === "commits") return sendCommit(repository, id, response);
  if (kind === "branches") return sendBranch(repository, id, response);
  return send(response, 404, { message: "Not Found" });
}

function sendCommit({ commits }: FakeRepository, sha: string, response: ServerResponse): void {
  const commit = commits[sha];
  if (commit === undefined)
    return send(response, 422, { message: `No commit found for SHA: ${sha}`, status: "422" });
  const { verified } = commit;
  const verification = { verified, reason: verified ? "valid" : "unsigned", signature: null, payload: null };
  return send(response, 200, { sha, commit: { message: "a commit", verification }, parents: [], files: [] });
}

function sendHeads({ branches, commits }: FakeRepository, sha: string, response: ServerResponse): void {
  if (commits[sha] === undefined) return send(response, 422, { message: `No commit found for SHA: ${sha}` });
  const heads = Object.entries(branches).filter(([, branch]) => branch.sha === sha);
  return send(response, 200, heads.map(toBranch));
}

function sendBranch({ branches }: FakeRepository, name: string, response: ServerResponse): void {
  const branch = branches[name];
  if (branch === undefined) return send(response, 404, { message: "Branch not found" });
  return send(response, 200, toBranch([name, branch]));
}

const toBranch = ([name, branch]: [string, FakeRepository["branches"][string]]): unknown => ({
  name,
  commit: { sha: branch.sha },
  protected: branch.protected,
});
