import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createLocalFetch } from "../../src/lib/local-fetch.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const SECRET = "a-long-enough-secret";
const settings = (server: string): string => `
server: { ${server} }
sources:
  app: { kind: github, secret: "${SECRET}" }
  rest: { kind: argocd, secret: "${SECRET}", path: "/*" }
metrics: { enabled: true }
deploy: { apps: { site: { repository: octo/site, users: [me] } } }
`;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-admin-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

let server: TestServer;
afterEach(() => server.close());

const start = async (text: string): Promise<void> => {
  server = await startTestServer({ settings: settings(text), work: false });
};

const ADMIN = ["/api/v1/tasks", "/api/v1/openapi.json", "/ui/", "/ui", "/healthz", "/readyz", "/metrics"];

describe("an address of its own for those who run the server", () => {
  it("has the API, the dashboard and the health; where webhooks come there is nothing of the kind", async () => {
    await start("admin: { listen: 127.0.0.1:0 }");
    const { url, api } = server.running;
    expect(api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(api).not.toBe(url);
    const headers = { authorization: `Bearer ${server.token}` };
    for (const path of [...ADMIN, "/api/v1/tasks?limit=1", "/api"]) {
      const answer = await fetch(url + path, { headers, redirect: "manual" });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.json()).toMatchObject({ code: "request:not_found" });
    }
    const posted = await fetch(`${url}/api/v1/tasks`, { method: "POST", headers, body: "{}" });
    expect(posted.status).toBe(404);
    expect(await fetch(`${api}/api/v1/tasks`, { headers })).toMatchObject({ status: 200 });
    expect(await fetch(`${api}/api/v1/tasks`)).toMatchObject({ status: 401 });
    expect(await fetch(`${api}/healthz`)).toMatchObject({ status: 200 });
    expect(await fetch(`${api}/metrics`, { headers })).toMatchObject({ status: 200 });
    expect((await fetch(api, { redirect: "manual" })).headers.get("location")).toBe("/ui/");
  });

  it("has nothing of what is public", async () => {
    await start("admin: { listen: 127.0.0.1:0 }");
    const { api } = server.running;
    for (const path of ["/hooks/app", "/1/deploy", "/", "/anything"]) {
      const answer = await fetch(api + path, { method: "POST", body: "{}" });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });

  it("leaves webhooks and compatible APIs where they are", async () => {
    await start("admin: { listen: 127.0.0.1:0 }");
    expect((await server.push({ secret: SECRET })).status).toBe(202);
    expect((await server.fetch("/1/deploy", { method: "POST", body: "{}" })).status).toBe(401);
    expect((await server.fetch("/jobserv/projects/x/builds/1/")).status).toBe(401);
    const root = await server.fetch("/", { headers: { accept: "text/html" } });
    expect(root.status).not.toBe(302);
    expect(await root.text()).not.toContain("/ui");
  });

  it("speaks TLS where the server does", async () => {
    makeAuthority(dir);
    const { cert, key } = makeCertificate(dir, "admin");
    await start(`admin: { listen: 127.0.0.1:0 }, tls: { cert: ${cert}, key: ${key} }`);
    expect(server.running.api).toMatch(/^https:/);
  });

  it("says so when the address can't be had", async () => {
    await start("admin: { listen: 127.0.0.1:0 }");
    const { port } = new URL(server.running.api);
    const text = settings(`admin: { listen: "127.0.0.1:${port}" }`);
    await expect(startTestServer({ settings: text })).rejects.toMatchObject({
      code: "server:listen",
      message: `Can't listen on 127.0.0.1:${port}: another program uses that port; stop it, or set server.listen`,
    });
  });
});

describe("a unix socket for those who run the server", () => {
  const socket = (): string => join(dir, "admin.sock");
  const ask = (path: string): Promise<Response> =>
    createLocalFetch({ socketPath: socket() })(`http://localhost${path}`, {
      headers: { authorization: `Bearer ${server.token}` },
    });

  it("answers this account alone, and goes with the server", async () => {
    await start(`admin: { socket: ${socket()} }`);
    expect(server.running.api).toBe(`unix:${socket()}`);
    expect((await stat(socket())).mode & 0o777).toBe(0o600);
    expect(await (await ask("/api/v1/whoami")).json()).toMatchObject({ name: "local" });
    expect((await server.fetch("/api/v1/whoami")).status).toBe(404);
    await server.close();
    await expect(stat(socket())).rejects.toThrow("ENOENT");
  });

  it("takes the place of one that a killed server has left", async () => {
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(socket(), resolve));
    await expect(
      startTestServer({ settings: settings(`admin: { socket: ${socket()} }`) }),
    ).rejects.toMatchObject({
      code: "server:listen",
      message: `Can't listen on ${socket()}: another server has it`,
    });
    await new Promise((resolve) => left.close(resolve));
    // What is left of a socket whose server is gone can't be connected to either.
    await writeFile(socket(), "");
    await start(`admin: { socket: ${socket()} }`);
    expect(await ask("/healthz")).toMatchObject({ status: 200 });
  });
});
