import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, type LiveEvent } from "../../../src/client/client.ts";
import { LIMITS } from "../../../src/http/limits.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const PASSWORD = "a password that is long";
const OWN = { "x-hookwright-dashboard": "1" };
const SETTINGS = `
deploy:
  apps:
    hello: { repository: dscape/hello, users: [ann] }
    other: { repository: dscape/other, users: [bob] }
actions:
  deploy-hello:
    workdir: .
    concurrency: { policy: parallel }
    on: [{ source: deploy, event: push, repository: dscape/hello }]
    steps: [{ run: [echo, hello] }]
  deploy-both: { workdir: ., on: [{ source: deploy, event: push }], steps: [{ run: ["true"] }] }
  deploy-other:
    workdir: .
    on: [{ source: deploy, event: push, repository: "dscape/oth*" }]
    steps: [{ run: ["true"] }]
  unrelated: { workdir: ., steps: [{ run: [echo, nobody-else-may-see-this] }] }
`;

let server: TestServer;
let unrelated: string;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
  for (const name of ["ann", "bob", "nobody"]) await server.client.addUser({ name, password: PASSWORD });
  await server.client.addUser({ name: "reader", password: PASSWORD, scopes: ["read"] });
  ({ id: unrelated } = await server.client.startTask({ action: "unrelated" }));
  await server.ended(unrelated);
});
afterAll(() => server.close());

const logIn = (user: string, password = PASSWORD) =>
  server.api("/session", { token: null, json: { user, password } });
const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(";")[0] ?? "";

interface Visitor {
  ask(path: string, init?: { method?: string; json?: unknown }): Promise<Response>;
  status(path: string, init?: { method?: string; json?: unknown }): Promise<number>;
  readonly cookie: string;
}

async function visit(user: string): Promise<Visitor> {
  const cookie = cookieOf(await logIn(user));
  const ask: Visitor["ask"] = (path, init) =>
    server.api(path, { ...init, token: null, headers: { cookie, ...OWN } });
  return { ask, cookie, status: async (path, init) => (await ask(path, init)).status };
}

describe("a user's session", () => {
  it("is opened with the password, and says who they are and what they may", async () => {
    const response = await logIn("ann");
    expect([response.status, await response.json()]).toEqual([
      201,
      { name: "ann", scopes: [], apps: ["hello"], actions: ["deploy-hello"] },
    ]);
    expect(response.headers.getSetCookie()[0]).toMatch(/; HttpOnly; SameSite=Strict$/);
    const { ask } = await visit("reader");
    expect(await (await ask("/whoami")).json()).toEqual({
      name: "reader",
      scopes: ["read"],
      apps: [],
      actions: [],
    });
  });

  it("may what the scopes allow, and nothing else", async () => {
    const { status } = await visit("reader");
    for (const path of ["/tasks", `/tasks/${unrelated}`, "/deliveries", "/sources", "/stats/tasks"])
      expect([path, await status(path)]).toEqual([path, 200]);
    expect(await status("/tasks", { json: { action: "unrelated" } })).toBe(403);
    for (const path of ["/tokens", "/users", "/audit"])
      expect([path, await status(path)]).toEqual([path, 403]);
  });

  it("sees and deploys the user's own apps, and nothing else", async () => {
    const { ask, status } = await visit("ann");
    const started = await ask("/tasks", { json: { action: "deploy-hello" } });
    expect(started.status).toBe(202);
    const { items } = await server.client.listTasks({ action: "deploy-hello" });
    const own = items[0]?.id ?? "";
    await server.ended(own);
    for (const path of [`/tasks/${own}`, `/tasks/${own}/log`, `/tasks/${own}/events`, "/releases"])
      expect([path, await status(path)]).toEqual([path, 200]);
    expect(await status(`/tasks/${own}/retry`, { method: "POST" })).toBe(202);
    expect(await status(`/tasks/${own}/cancel`, { method: "POST" })).toBe(409);
    expect(await (await ask("/actions")).json()).toMatchObject({ items: [{ name: "deploy-hello" }] });
    const list = await (await ask("/tasks")).text();
    expect(list).toContain(own);
    expect(list).not.toContain(unrelated);
    const retried = await server.client.listAudit({ action: "task.retry" });
    expect(retried.items[0]).toMatchObject({ actor: "user:ann", way: "dashboard" });
  });

  it("is refused everything else with 403, whatever it is asked for", async () => {
    const { status } = await visit("ann");
    const post = { method: "POST" };
    const refused: readonly (readonly [string, { method?: string; json?: unknown }?])[] = [
      [`/tasks/${unrelated}`],
      [`/tasks/${unrelated}/log`],
      [`/tasks/${unrelated}/events`],
      [`/events?log=${unrelated}`],
      [`/tasks/${unrelated}/retry`, post],
      [`/tasks/${unrelated}/cancel`, post],
      [`/tasks/${unrelated}/approve`, post],
      [`/tasks/${unrelated}/log`, { method: "DELETE" }],
      ["/tasks", { json: { action: "unrelated" } }],
      ["/tasks", { json: { action: "unrelated", dry_run: true } }],
      // They would deploy somebody else's app too.
      ["/tasks", { json: { action: "deploy-both" } }],
      ["/tasks", { json: { action: "deploy-other" } }],
      ["/apps/other/rollback", { json: {} }],
      ["/deliveries"],
      ["/sources"],
      ["/endpoints"],
      ["/nodes"],
      ["/stats/tasks"],
      ["/actions/deploy-hello/changes"],
      ["/tokens"],
      ["/audit"],
      ["/settings/reload", post],
    ];
    for (const [path, init] of refused) expect([path, await status(path, init)]).toEqual([path, 403]);
  });

  it("is told live of the user's own apps only", async () => {
    const { cookie } = await visit("ann");
    const request: typeof fetch = (input, init) =>
      fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), cookie } });
    const ended = new AbortController();
    const seen: Extract<LiveEvent, { type: "task" }>[] = [];
    const client = createClient({ url: server.url, token: null, fetch: request });
    for await (const event of client.live({ signal: ended.signal })) {
      if (event.type === "ready") {
        await server.client.startTask({ action: "unrelated" });
        await server.client.startTask({ action: "deploy-hello" });
      }
      if (event.type === "task") seen.push(event);
      if (event.type === "task" && event.task.ended_at !== null) break;
    }
    ended.abort();
    expect(new Set(seen.map(({ task }) => task.action))).toEqual(new Set(["deploy-hello"]));
  });

  it("changes nothing unless the dashboard's own page asks", async () => {
    const { cookie } = await visit("ann");
    const sent = { token: null, json: { action: "deploy-hello" }, headers: { cookie } };
    const response = await server.api("/tasks", sent);
    expect([response.status, (await problemOf(response)).code]).toEqual([403, "auth:cross_site"]);
  });

  it.each([
    ["is shut out", { disabled: true }],
    ["has another password", { password: `${PASSWORD}!` }],
  ])("ends when the user %s", async (_when, change) => {
    const name = `leaver-${Object.keys(change)[0]}`;
    await server.client.addUser({ name, password: PASSWORD, scopes: ["read"] });
    const { status } = await visit(name);
    expect(await status("/tasks")).toBe(200);
    await server.client.changeUser(name, change);
    expect(await status("/tasks")).toBe(401);
    await server.client.changeUser(name, { disabled: false });
    expect(await status("/tasks")).toBe(401);
  });

  it("has the scopes that the user has now", async () => {
    await server.client.addUser({ name: "risen", password: PASSWORD, scopes: ["read"] });
    const { status } = await visit("risen");
    expect(await status("/audit")).toBe(403);
    await server.client.changeUser("risen", { scopes: ["admin"] });
    expect(await status("/audit")).toBe(200);
    await server.client.changeUser("risen", { scopes: [] });
    expect(await status("/tasks")).toBe(403);
  });
});

describe("a user who logs in", () => {
  it("without anything that they may is refused", async () => {
    const response = await logIn("nobody");
    expect([response.status, (await problemOf(response)).code]).toEqual([403, "auth:forbidden"]);
  });

  it("with a token of the deploy API is refused: it is for programs", async () => {
    const { token } = await server.client.createUserToken("ann", {
      name: "ci",
      apps: null,
      expires_at: null,
    });
    expect((await logIn("ann", token)).status).toBe(401);
  });

  it("too often with a wrong password has to wait; who has come in before has not", async () => {
    expect((await logIn("bob")).status).toBe(201);
    let last = await logIn("ann", "wrong");
    expect([last.status, (await problemOf(last)).code]).toEqual([401, "auth:bad_credentials"]);
    for (let count = 0; count < LIMITS.failures && last.status !== 429; count += 1)
      last = await logIn("ann", `wrong ${count}`);
    expect([last.status, (await problemOf(last)).code]).toEqual([429, "auth:too_many_failures"]);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await logIn("stranger", PASSWORD)).status).toBe(429);
    expect((await logIn("bob")).status).toBe(201);
  });
});
