import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCOPES, type Scope } from "../../../src/domain/scopes.ts";
import { type Operation, fetchOpenapi, operationsOf } from "../../support/openapi.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let guarded: Operation[];
const tokens: Partial<Record<Scope, string>> = {};
beforeAll(async () => {
  server = await startTestServer({ settings: "metrics: { enabled: true }", work: false });
  guarded = operationsOf(await fetchOpenapi(server.url)).filter(({ scope }) => scope !== null);
  for (const scope of SCOPES) {
    tokens[scope] = (await server.client.createToken({ name: scope, scopes: [scope] })).token;
  }
});
afterAll(() => server.close());

const call = ({ method, path }: Operation, headers: Readonly<Record<string, string>>) =>
  server.fetch(path.replaceAll(/\{\w+\}/g, "x"), { method, headers });

describe("the API", () => {
  it("has a scope for every path but those for everybody", () => {
    expect(guarded.length).toBeGreaterThan(15);
    expect(guarded.every(({ path }) => /^\/(?:(?:api\/v1|jobserv)\/|metrics$)/.test(path))).toBe(true);
    expect(new Set(guarded.map(({ scope }) => scope))).toEqual(new Set(SCOPES));
  });

  it("answers every path with 401 without a token, and says which kind it takes", async () => {
    for (const operation of guarded) {
      const response = await call(operation, {});
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="hookwright"');
      expect((await problemOf(response)).code).toBe("auth:missing");
    }
  });

  it("lets a token in where its scope is enough, and nowhere else", async () => {
    const right: string[] = [];
    const wrong: string[] = [];
    for (const operation of guarded) {
      const needed = SCOPES.findIndex((scope) => scope === operation.scope);
      for (const [rank, scope] of SCOPES.entries()) {
        // Without a body: what is refused for that has got past the door.
        const response = await call(operation, { authorization: `Bearer ${tokens[scope]}` });
        const refused = response.status === 403 && (await problemOf(response)).code === "auth:forbidden";
        const isRight = response.status !== 401 && refused === rank < needed;
        (isRight ? right : wrong).push(`${operation.id} with ${scope}: ${response.status}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(right).toHaveLength(guarded.length * SCOPES.length);
  });

  it.each([
    ["no scheme", () => `${tokens.admin}`, "auth:missing"],
    ["another scheme", () => `Basic ${Buffer.from(`x:${tokens.admin}`).toString("base64")}`, "auth:missing"],
    ["nothing behind the scheme", () => "Bearer ", "auth:missing"],
    ["two tokens", () => `Bearer ${tokens.admin} ${tokens.admin}`, "auth:missing"],
    ["a token that is none", () => "Bearer x", "auth:bad_credentials"],
    ["a token nobody made", () => `Bearer hw_${"A".repeat(43)}`, "auth:bad_credentials"],
    ["a token with a letter more", () => `Bearer ${tokens.admin}A`, "auth:bad_credentials"],
    ["a token in other letters", () => `Bearer ${tokens.admin?.toUpperCase()}`, "auth:bad_credentials"],
    ["its hash", () => `Bearer hw_${"0".repeat(64)}`, "auth:bad_credentials"],
  ])("takes %s for no token", async (_name, header, code) => {
    const response = await server.fetch("/api/v1/whoami", { headers: { authorization: header() } });
    expect(response.status).toBe(401);
    expect((await problemOf(response)).code).toBe(code);
  });

  it("takes a token in the header alone, never in the URL", async () => {
    for (const name of ["token", "access_token", "authorization"]) {
      const response = await server.fetch(`/api/v1/whoami?${name}=${tokens.admin}`);
      expect((await problemOf(response)).code).toBe("auth:missing");
    }
  });

  it("takes a token no longer than it lives", async () => {
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const { token } = await server.client.createToken({
      name: "brief",
      scopes: ["read"],
      expires_at: expiresAt,
    });
    const whoami = () => server.api("/whoami", { token });
    expect(await (await whoami()).json()).toEqual({ name: "brief", scopes: ["read"] });
    await expect.poll(async () => (await whoami()).status, { timeout: 5_000 }).toBe(401);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  });

  it("takes a revoked token no more, from the next request on", async () => {
    const { token } = await server.client.createToken({ name: "gone", scopes: ["admin"] });
    expect((await server.api("/whoami", { token })).status).toBe(200);
    await server.client.revokeToken("gone");
    expect((await problemOf(await server.api("/whoami", { token }))).code).toBe("auth:bad_credentials");
  });
});

/** A request from another address of this machine. */
function from(
  address: string,
  { token, forwarded = "" }: { token: string; forwarded?: string },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = {
    authorization: `Bearer ${token}`,
    ...(forwarded !== "" && { "x-forwarded-for": forwarded }),
  };
  request(`${server.url}/api/v1/whoami`, { localAddress: address, headers, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  })
    .on("error", reject)
    .end();
  return promise;
}

async function guess(address: string, options: { forwarded?: string } = {}): Promise<number[]> {
  const statuses: number[] = [];
  for (let tries = 0; tries < 22; tries += 1) {
    statuses.push(await from(address, { token: `hw_guess${tries}`, ...options }));
  }
  return statuses;
}

describe("guessing tokens", () => {
  const blocked = [...Array<number>(20).fill(401), 429, 429];

  it("gets slow for an address, and for no other", async () => {
    expect(await guess("127.0.0.2")).toEqual(blocked);
    expect(await from("127.0.0.3", { token: "hw_guess" })).toBe(401);
  });

  it("says how long to wait", async () => {
    await guess("127.0.0.4");
    const connection = await server.raw();
    connection.destroy();
    const answer = await new Promise<{ status: number; retry: string }>((resolve, reject) => {
      const headers = { authorization: "Bearer hw_guess" };
      request(
        `${server.url}/api/v1/whoami`,
        { localAddress: "127.0.0.4", headers, agent: false },
        (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0, retry: String(response.headers["retry-after"]) });
        },
      )
        .on("error", reject)
        .end();
    });
    expect(answer.status).toBe(429);
    expect(Number(answer.retry)).toBeGreaterThan(0);
    expect(Number(answer.retry)).toBeLessThanOrEqual(60);
  });

  it("locks out nobody whose token is known, although both come through one proxy", async () => {
    const { token } = await server.client.createToken({ name: "known", scopes: ["read"] });
    expect(await from("127.0.0.5", { token })).toBe(200);
    expect(await guess("127.0.0.5")).toEqual(blocked);
    expect(await from("127.0.0.5", { token })).toBe(200);
    await server.client.revokeToken("known");
    expect(await from("127.0.0.5", { token })).toBe(401);
  });

  it("is not helped by X-Forwarded-For, which is not believed unless the settings say of whom", async () => {
    // All at once, which is no way around either.
    const statuses = await Promise.all(
      [1, 2, 3].map((part) => guess("127.0.0.6", { forwarded: `198.51.100.${part}` })),
    );
    expect(statuses.flat().filter((status) => status === 401)).toHaveLength(20);
  });
});
