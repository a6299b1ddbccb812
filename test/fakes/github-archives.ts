import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { execa } from "execa";
import { fail, type FakeFault } from "./github-api.ts";
import type { FakeApp } from "./github-app.ts";
import { readBody } from "./github-dispatches.ts";
import { createFakeReports, type FakeReports } from "./github-reports.ts";

export interface FakeArchives {
  /** Of the API; its archives are at another address, as GitHub's are. */
  readonly url: string;
  readonly requests: {
    readonly host: "api" | "codeload";
    readonly path: string;
    readonly authorization: string | null;
  }[];
  /** Commit statuses and deployments. */
  readonly reports: FakeReports;
  /** Faults to have before the real answers, each once. */
  readonly faults: FakeFault[];
  /** Archives instead of git's own, by commit. */
  readonly archives: Map<string, Buffer>;
  close(): Promise<void>;
}

export interface FakeArchivesOptions {
  /** `owner/name` → folder of a git repository. */
  readonly repositories: Readonly<Record<string, string>>;
  /** Those that need a token. */
  readonly private?: readonly string[];
  /** Token → login. */
  readonly users?: Readonly<Record<string, string>>;
  readonly app?: FakeApp;
}

/**
 * Of GitHub's API (https://docs.github.com/rest): archives of commits, made by git, which a redirect leads to; contents of
 * files; the user of a token; commit statuses.
 */
export async function startFakeArchives(options: FakeArchivesOptions): Promise<FakeArchives> {
  const requests: FakeArchives["requests"] = [];
  const reports = createFakeReports((repository) => options.repositories[repository] !== undefined);
  const faults: FakeFault[] = [];
  const archives: FakeArchives["archives"] = new Map();
  const codeload = createServer((request, response) => {
    const { url: path = "", headers } = request;
    requests.push({ host: "codeload", path, authorization: headers.authorization ?? null });
    const [, owner, name, , sha = ""] = path.split("?")[0]?.split("/") ?? [];
    void sendArchive(options, archives.get(sha), { repository: `${owner}/${name}`, sha }, response);
  });
  const codeloadUrl = await listen(codeload);
  const api = createServer((request, response) => {
    const { url: path = "", headers } = request;
    requests.push({ host: "api", path, authorization: headers.authorization ?? null });
    const fault = faults.shift();
    if (fault !== undefined) return fail(fault, request, response);
    if (options.app?.answer(request, response) === true) return undefined;
    return void answer({ options, reports, codeloadUrl }, request, response);
  });
  const url = await listen(api);
  return {
    url,
    requests,
    reports,
    faults,
    archives,
    async close() {
      for (const server of [api, codeload]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

interface Parts {
  readonly options: FakeArchivesOptions;
  readonly reports: FakeReports;
  readonly codeloadUrl: string;
}

const send = (response: ServerResponse, status: number, body: unknown): void =>
  void response
    .writeHead(status, { "content-type": "application/json; charset=utf-8" })
    .end(JSON.stringify(body));
const notFound = (response: ServerResponse): void => send(response, 404, { message: "Not Found" });

async function answer(
  { options, reports, codeloadUrl }: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { users = {}, repositories } = options;
  const [, token] = /^(?:Bearer|token) (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const path = request.url ?? "";
  const isApp = token !== undefined && options.app?.takes(token, path) === true;
  const login = token === undefined ? undefined : isApp ? "app[bot]" : users[token];
  if (token !== undefined && login === undefined) return send(response, 401, { message: "Bad credentials" });
  const { pathname, searchParams } = new URL(path, "http://x");
  if (pathname === "/user")
    return login === undefined
      ? send(response, 401, { message: "Requires authentication" })
      : send(response, 200, { login });
  const [, root, owner, name, kind, ...rest] = pathname.split("/").map(decodeURIComponent);
  const repository = `${owner}/${name}`;
  const folder = repositories[repository];
  if (root !== "repos" || folder === undefined) return notFound(response);
  if (options.private?.includes(repository) === true && login === undefined) return notFound(response);
  const sha = rest[0] ?? "";
  if (kind === "tarball") {
    return void response
      .writeHead(302, { location: `${codeloadUrl}/${repository}/legacy.tar.gz/${sha}?token=one-time` })
      .end();
  }
  if (kind === "contents")
    return sendFile(folder, searchParams.get("ref") ?? "HEAD", rest.join("/"), response);
  const body: unknown = JSON.parse((await readBody(request)) || "null");
  const told = reports.answer({ method: request.method ?? "", path, body });
  return told === null ? notFound(response) : send(response, told.status, told.body);
}

async function sendArchive(
  { repositories }: FakeArchivesOptions,
  given: Buffer | undefined,
  { repository, sha }: { readonly repository: string; readonly sha: string },
  response: ServerResponse,
): Promise<void> {
  if (given !== undefined) return void response.writeHead(200).end(given);
  const prefix = `--prefix=${repository.replace("/", "-")}-${sha.slice(0, 7)}/`;
  const args = ["archive", "--format=tar.gz", prefix, sha];
  const cwd = repositories[repository] ?? "";
  const made = await execa("git", args, { cwd, encoding: "buffer", reject: false });
  if (made.exitCode !== 0) return notFound(response);
  response.writeHead(200, { "content-type": "application/x-gzip" }).end(made.stdout);
  return undefined;
}

/** https://docs.github.com/rest/repos/contents#get-repository-content, as `application/vnd.github.raw+json`. */
async function sendFile(cwd: string, ref: string, path: string, response: ServerResponse): Promise<void> {
  const shown = await execa("git", ["show", `${ref}:${path}`], {
    cwd,
    reject: false,
    stripFinalNewline: false,
  });
  if (shown.exitCode !== 0) return notFound(response);
  response.writeHead(200, { "content-type": "application/vnd.github.raw+json" }).end(shown.stdout);
  return undefined;
}
