import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What the fake knows of one repository, in the words of GitHub's REST documentation. */
export interface FakeRepository {
  /** Commit id → whether its signature is verified. */
  readonly commits: Readonly<Record<string, { readonly verified: boolean }>>;
  /** Branch name → its head and whether it is protected. */
  readonly branches: Readonly<Record<string, { readonly sha: string; readonly protected: boolean }>>;
}

export interface FakeGithub {
  readonly url: string;
  /** Every request: method, path, `authorization`. */
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string | null;
  }[];
  /** Answers to give before the real ones, each once. */
  readonly faults: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
  close(): Promise<void>;
}

/**
 * GitHub's API over real HTTP as https://docs.github.com/rest describes it: commits, branches-where-head and branches of the
 * repositories given (`owner/name`).
 */
export async function startFakeGithub(
  repositories: Readonly<Record<string, FakeRepository>>,
): Promise<FakeGithub> {
  const requests: FakeGithub["requests"] = [];
  const faults: FakeGithub["faults"] = [];
  const server = createServer((request, response) => {
    const { method = "", url: path = "" } = request;
    requests.push({ method, path, authorization: request.headers.authorization ?? null });
    const fault = faults.shift();
    if (fault === undefined) return answer(repositories, request, response);
    for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
    return send(response, fault.status, { message: `fault ${fault.status}` });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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
