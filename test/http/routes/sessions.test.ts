import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/http/limits.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: "actions: { a: { workdir: ., steps: [{ run: [echo] }] } }",
    work: false,
  });
});
afterAll(() => server.close());

const logIn = (token: string, headers = {}) =>
  server.api("/session", { token: null, json: { token }, headers });
const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
const OWN = { "x-hookwright-dashboard": "1" };

async function sessionOf(scopes: readonly ["read"] | readonly ["deploy"] | readonly ["admin"], name: string) {
  const { token } = await server.client.createToken({ name, scopes: [...scopes] });
  return { token, cookie: cookieOf(await logIn(token)) };
}

describe("a session", () => {
  it("is opened with a token, and stands for it", async () => {
    const response = await logIn(server.token);
    const opened: unknown = await response.json();
    expect([response.status, opened]).toEqual([201, await server.client.whoami()]);
    const [cookie = ""] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^hookwright=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(server.token);
    const headers = { cookie: cookieOf(response) };
    const who = await server.api("/whoami", { token: null, headers });
    expect([who.status, await who.json()]).toEqual([200, opened]);
  });

  it("has a cookie for TLS alone where the browser speaks TLS", async () => {
    const response = await logIn(server.token, { origin: "https://hooks.example.com" });
    const [cookie = ""] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-hookwright=[\w-]{43}; Path=\/; .*; HttpOnly; SameSite=Strict; Secure$/);
    const who = await server.api("/whoami", { token: null, headers: { cookie: cookieOf(response) } });
    expect(who.status).toBe(200);
  });

  it("changes nothing unless the dashboard's own page asks", async () => {
    const { cookie } = await sessionOf(["deploy"], "forged");
    const start = (headers: Record<string, string>) =>
      server.api("/tasks", { token: null, json: { action: "a" }, headers: { cookie, ...headers } });
    for (const headers of [
      {},
      { "sec-fetch-site": "same-origin" },
      { ...OWN, "sec-fetch-site": "same-site" },
    ]) {
      const response = await start(headers);
      expect([response.status, (await problemOf(response)).code]).toEqual([403, "auth:cross_site"]);
    }
    expect((await start({ ...OWN, "sec-fetch-site": "same-origin" })).status).toBe(202);
    expect((await start(OWN)).status).toBe(202);
  });

  it("may what its token may", async () => {
    const { cookie } = await sessionOf(["read"], "reader");
    const headers = { cookie, ...OWN };
    expect((await server.api("/tasks", { token: null, headers })).status).toBe(200);
    const start = await server.api("/tasks", { token: null, json: { action: "a" }, headers });
    expect((await problemOf(start)).code).toBe("auth:forbidden");
  });

  it("ends when it is logged out, and with its token", async () => {
    const one = await sessionOf(["read"], "one");
    const two = { cookie: cookieOf(await logIn(one.token)) };
    const status = async ({ cookie }: { cookie: string }) =>
      (await server.api("/whoami", { token: null, headers: { cookie } })).status;
    expect([await status(one), await status(two)]).toEqual([200, 200]);
    const out = await server.api("/session", {
      method: "DELETE",
      token: null,
      headers: { cookie: one.cookie, ...OWN },
    });
    expect([out.status, out.headers.getSetCookie()]).toEqual([
      204,
      ["hookwright=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"],
    ]);
    expect([await status(one), await status(two)]).toEqual([401, 200]);
    await server.client.revokeToken("one");
    expect([await status(one), await status(two)]).toEqual([401, 401]);
  });

  it("is not opened with a wrong token, and guessing gets slow", async () => {
    const headers = { "content-type": "application/json" };
    for (let count = 0; count < LIMITS.failures; count += 1) {
      expect((await problemOf(await logIn("hw_wrong", headers))).code).toBe("auth:bad_credentials");
    }
    expect((await logIn("hw_wrong")).status).toBe(429);
    // Who has a token that was good before is not locked out.
    expect((await logIn(server.token)).status).toBe(201);
  });
});
