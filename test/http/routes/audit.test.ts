import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createClient } from "../../../src/client/client.ts";
import type { AuditEventWire, AuditQuery } from "../../../src/client/audit.ts";
import { newId } from "../../../src/lib/ids.ts";
import { hashPassword } from "../../../src/lib/passwords.ts";
import { secretChanges } from "../../../src/settings/secret-changes.ts";
import { build } from "../../sources/fixtures/jobserv.ts";
import { matching } from "../../support/like.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const KAPP_TOKEN = "k-app's token";
const PASSWORD = "a password that nobody else has";
const SETTINGS = `
sources:
  app: { kind: github, secret: "${SECRET}" }
  factory: { kind: jobserv, secret: "${SECRET}" }
kapp: { token_hash: "\${TOKEN_HASH}" }
deploy: { apps: { hello: { repository: dscape/hello, users: [dscape] } } }
actions:
  deploy:
    workdir: .
    params: { word: { required: false } }
    on:
      - { source: app, event: push }
      - { source: factory }
      - { source: deploy, event: push }
    concurrency: { policy: parallel }
    steps: [{ run: ["true"] }]
  careful: { approve: true, workdir: ., steps: [{ run: ["true"] }] }
  one: { workdir: ., concurrency: { policy: reject }, steps: [{ run: [sleep, "60"] }] }
notify:
  ops: { kind: generic, url: "http://127.0.0.3:9/in", retry_schedule: [0s] }
`;

let server: TestServer;
beforeAll(async () => {
  const env = { TOKEN_HASH: await hashPassword(KAPP_TOKEN) };
  server = await startTestServer({ settings: SETTINGS, file: true, env });
});
afterAll(() => server.close());

const audit = async (query: AuditQuery = {}): Promise<readonly AuditEventWire[]> =>
  (await server.client.listAudit({ limit: 500, ...query })).items;

/** The newest of them; what is refused is recorded a moment after the answer. */
const newest = (query: AuditQuery): Promise<AuditEventWire> =>
  found(async () => (await audit({ limit: 1, ...query }))[0]);

const found = <T>(look: () => Promise<T | undefined>): Promise<T> =>
  vi.waitFor(
    async () => {
      const value = await look();
      if (value === undefined) throw new Error("nothing yet");
      return value;
    },
    { timeout: 10_000 },
  );

/** Servers that share a store have a token each. */
const LOCAL = {
  actor: matching(/^token:local(?::|$)/),
  way: "api",
  address: "127.0.0.1",
  result: "done",
  code: null,
};

const tokenWith = async (name: string, ...scopes: ("read" | "deploy" | "admin")[]) =>
  (await server.client.createToken({ name, scopes, expires_at: null })).token;

describe("the audit log says who", () => {
  it("started, cancelled and retried a task", async () => {
    const params = { word: "a-param-that-may-be-secret" };
    const { id } = await server.client.startTask({ action: "deploy", params });
    const target = `task:${id}`;
    expect(await newest({ target })).toMatchObject({
      ...LOCAL,
      action: "task.start",
      details: { action: "deploy" },
    });
    await server.ended(id);
    const again = await server.client.retryTask(id);
    expect(await newest({ target: `task:${again.id}` })).toMatchObject({
      action: "task.retry",
      details: { of: target },
    });
    const { id: held } = await server.client.startTask({ action: "careful", params: {} });
    await server.client.cancelTask(held);
    expect(await newest({ target: `task:${held}` })).toMatchObject({ ...LOCAL, action: "task.cancel" });
  });

  it("approved a task, and who refused one", async () => {
    const start = async () => (await server.client.startTask({ action: "careful", params: {} })).id;
    const [first, second] = [await start(), await start()];
    await server.client.approveTask(first, { comment: "go" });
    await server.client.refuseTask(second, {});
    expect(await newest({ action: "task.approve" })).toMatchObject({
      ...LOCAL,
      target: `task:${first}`,
      details: { comment: "go" },
    });
    expect(await newest({ action: "task.refuse" })).toMatchObject({ ...LOCAL, target: `task:${second}` });
  });

  it("sent a webhook that started a task, and who replayed it", async () => {
    expect((await server.push({ secret: SECRET })).status).toBe(202);
    const [sent] = await audit({ actor: "source:app" });
    expect(sent).toMatchObject({
      action: "task.start",
      way: "webhook",
      address: "127.0.0.1",
      details: { action: "deploy" },
    });
    const delivery = String(sent?.details["delivery"]);
    await server.client.replayDelivery(delivery, {});
    const replayed = await newest({ action: "delivery.replay" });
    expect(replayed).toMatchObject({ ...LOCAL, details: { of: delivery, action: "deploy" } });
    await server.client.replayDelivery(delivery, { dryRun: true });
    expect(await audit({ action: "delivery.replay" })).toHaveLength(1);
  });

  it("came by Foundries, K-App's API and the deploy API", async () => {
    const body = JSON.stringify(build);
    const signature = createHmac("sha256", SECRET).update(body).digest("hex");
    const headers = { "content-type": "application/json", "x-jobserv-sig": `sha256:${signature}` };
    expect((await server.fetch("/hooks/factory", { method: "POST", headers, body })).status).toBe(200);
    expect((await audit({ actor: "source:factory" }))[0]).toMatchObject({
      way: "foundries",
      action: "task.start",
    });

    await server.fetch(`/?action=deploy&token=${encodeURIComponent(KAPP_TOKEN)}`, { method: "POST" });
    expect((await audit({ actor: "kapp" }))[0]).toMatchObject({
      way: "kapp",
      action: "task.start",
      result: "done",
    });

    await server.client.addUser({ name: "dscape", password: PASSWORD });
    const authorization = `Basic ${Buffer.from(`dscape:${PASSWORD}`).toString("base64")}`;
    const payload = JSON.stringify({
      ref: "refs/heads/main",
      after: "a".repeat(40),
      repository: { name: "hello", owner: { name: "dscape" } },
    });
    const sent = {
      method: "POST",
      body: payload,
      headers: { authorization, "content-type": "application/json" },
    };
    expect((await server.fetch("/1/deploy?wait=0", sent)).status).toBe(200);
    expect((await audit({ actor: "user:dscape" }))[0]).toMatchObject({
      action: "deploy",
      way: "nodejitsu",
      details: { app: "hello" },
    });
    const other = { ...sent, body: payload.replace('"hello"', '"other"') };
    expect((await server.fetch("/1/deploy", other)).status).toBe(401);
    expect((await audit({ actor: "user:dscape" }))[0]).toMatchObject({
      result: "refused",
      code: "deploy:auth:bad_creds",
    });
  });

  it("made and revoked a token, and what they may no more", async () => {
    await tokenWith("ci", "deploy", "read");
    expect(await newest({ target: "token:ci" })).toMatchObject({
      ...LOCAL,
      action: "token.create",
      details: { scopes: "deploy read" },
    });
    await expect(tokenWith("ci", "read")).rejects.toMatchObject({ code: "token:exists" });
    expect(await newest({ target: "token:ci" })).toMatchObject({ result: "refused", code: "token:exists" });
    await server.client.revokeToken("ci");
    expect(await newest({ target: "token:ci" })).toMatchObject({ ...LOCAL, action: "token.revoke" });
  });

  it("changed users", async () => {
    await server.client.addUser({ name: "ann", password: PASSWORD });
    await server.client.changeUser("ann", { password: `${PASSWORD}!` });
    await server.client.changeUser("ann", { disabled: true });
    await server.client.createUserToken("ann", { name: "ci", apps: ["hello"], expires_at: null });
    await server.client.revokeUserToken("ann", "ci");
    const events = await audit({ target: "user:ann" });
    expect(events.map(({ action, details }) => [action, details])).toEqual([
      ["user_token.revoke", { token: "ci" }],
      ["user_token.create", { token: "ci", apps: "hello", expires_at: null }],
      ["user.change", { disabled: true }],
      ["user.change", { password: "set" }],
      ["user.add", { scopes: "" }],
    ]);
  });

  it("enabled and tried endpoints, and sent dead letters anew", async () => {
    await server.client.enableEndpoint("ops");
    expect(await newest({ action: "endpoint.enable" })).toMatchObject({ ...LOCAL, target: "endpoint:ops" });
    await server.client.testEndpoint("ops");
    expect(await newest({ action: "endpoint.test" })).toMatchObject({ ...LOCAL, details: { status: null } });
    await found(async () => (await server.client.listMessages({ state: "dead" })).items[0]);
    await server.client.retryMessages("ops");
    const retried = await newest({ action: "message.retry" });
    expect(retried).toMatchObject({ ...LOCAL, target: "endpoint:ops" });
    expect(Number(retried.details["count"])).toBeGreaterThan(0);
  });

  it("had the settings read again, and which they were", async () => {
    const before = server.running.settings.digest;
    await writeFile(join(server.dir, "hookwright.yaml"), `${SETTINGS}\n# another text\n`);
    await server.client.reloadSettings();
    const done = await newest({ action: "settings.reload" });
    expect(done).toMatchObject({ ...LOCAL, details: { before } });
    expect(done.details["after"]).not.toBe(before);
    await writeFile(join(server.dir, "hookwright.yaml"), "nonsense: true");
    await expect(server.client.reloadSettings()).rejects.toMatchObject({ code: "settings:invalid" });
    expect(await newest({ action: "settings.reload" })).toMatchObject({
      result: "refused",
      code: "settings:invalid",
    });
  });

  it("logged in and out with a browser", async () => {
    const token = await tokenWith("browser", "read");
    const login = await server.api("/session", { token: null, json: { token } });
    const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(await newest({ action: "login" })).toMatchObject({
      actor: "token:browser",
      way: "dashboard",
      result: "done",
    });
    const headers = { cookie, "x-hookwright-dashboard": "1" };
    await server.api("/session", { token: null, method: "DELETE", headers });
    expect(await newest({ action: "logout" })).toMatchObject({ actor: "token:browser", way: "dashboard" });
  });

  it("purged a log, and who was not let", async () => {
    const { id } = await server.client.startTask({ action: "deploy", params: {} });
    await server.ended(id);
    const { removed } = await server.client.purgeLog(id);
    expect(removed).toBeGreaterThan(0);
    expect(await newest({ action: "log.purge" })).toMatchObject({
      ...LOCAL,
      target: `task:${id}`,
      details: { count: removed },
    });
    expect(await server.lines(id)).toEqual([matching(/^The log was purged by token:local/)]);
    const { id: held } = await server.client.startTask({ action: "careful", params: {} });
    await expect(server.client.purgeLog(held)).rejects.toMatchObject({ status: 409, code: "log:in_use" });
    expect(await newest({ action: "log.purge" })).toMatchObject({ result: "refused", code: "log:in_use" });
    const token = await tokenWith("deployer", "deploy");
    const { status } = await server.api(`/tasks/${id}/log`, { method: "DELETE", token });
    expect(status).toBe(403);
  });

  it("began to serve, with which settings", async () => {
    const [first] = await audit({ action: "server.start" });
    const { digest } = server.running.settings;
    expect(first).toMatchObject({
      actor: "server",
      way: "server",
      target: "node:test",
      details: { settings: digest },
    });
  });

  it("changed secrets without a server", async () => {
    const event = { id: newId(), time: new Date().toISOString(), actor: "cli:root", target: "secret:ops" };
    const rest = { way: "cli", address: null, result: "done", code: null, details: {} } as const;
    secretChanges(join(server.dir, "secrets.enc")).note({ ...event, ...rest, action: "secret.set" });
    expect(await newest({ action: "secret.set" })).toEqual({ ...event, ...rest, action: "secret.set" });
    expect(await audit({ action: "secret.set" })).toHaveLength(1);
  });
});

describe("what was refused", () => {
  it("is recorded with its code", async () => {
    await expect(server.client.cancelTask("none")).rejects.toMatchObject({ code: "task:not_found" });
    expect(await newest({ target: "task:none" })).toMatchObject({
      ...LOCAL,
      result: "refused",
      code: "task:not_found",
    });
    await server.client.startTask({ action: "one", params: {} });
    const second = server.client.startTask({ action: "one", params: {} });
    await expect(second).rejects.toMatchObject({ code: "task:rejected" });
    expect(await newest({ target: "action:one" })).toMatchObject({
      result: "refused",
      code: "task:rejected",
    });
  });

  it("is recorded where a token does not allow a change, once in a while", async () => {
    const reader = createClient({ url: server.url, token: await tokenWith("reader", "read") });
    for (let count = 0; count < 3; count += 1)
      await expect(reader.cancelTask("x")).rejects.toMatchObject({ code: "auth:forbidden" });
    await expect(reader.listAudit()).rejects.toMatchObject({ code: "auth:forbidden" });
    const refused = { action: "request", target: "POST /api/v1/tasks/x/cancel", code: "auth:forbidden" };
    expect(await newest({ actor: "token:reader" })).toMatchObject(refused);
    expect(await audit({ actor: "token:reader" })).toHaveLength(1);
  });

  it("is recorded of logins, without what was tried", async () => {
    await server.api("/session", { token: null, json: { token: "hw_what-was-tried" } });
    await server.api("/tasks", { token: "hw_what-was-tried" });
    const refused = { actor: "unknown", action: "login", code: "auth:bad_credentials", address: "127.0.0.1" };
    expect(await newest({ action: "login", result: "refused" })).toMatchObject(refused);
    const authorization = `Basic ${Buffer.from("what-was-tried:what-was-tried").toString("base64")}`;
    await server.fetch("/1/deploy", { method: "POST", body: "{}", headers: { authorization } });
    const basic = async () =>
      (await audit({ action: "login" })).find(({ code }) => code === "mw:auth:unauthorized");
    expect(await found(basic)).toMatchObject({ actor: "unknown", way: "nodejitsu" });
    const kapp = async () => (await audit({ action: "login" })).find(({ way }) => way === "kapp");
    await server.fetch("/?action=deploy&token=what-was-tried", { method: "POST" });
    expect(await kapp()).toBeUndefined();
  });
});

it("has no secret, no password, no param and no token in it", async () => {
  const text = JSON.stringify(await audit());
  for (const secret of [SECRET, KAPP_TOKEN, PASSWORD, "what-was-tried", "a-param-that", "hw_", "hwu_"])
    expect(text).not.toContain(secret);
});
