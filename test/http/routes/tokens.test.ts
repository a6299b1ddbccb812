import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createdTokenSchema } from "../../../src/client/schemas.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: "actions: {}", work: false });
});
afterAll(() => server.close());

const create = (json: unknown) => server.api("/tokens", { json });

describe("POST /tokens", () => {
  it("makes a token and shows it this once", async () => {
    const response = await create({ name: "ci", scopes: ["deploy"] });
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { token, ...shown } = createdTokenSchema.parse(await response.json());
    expect(token).toMatch(/^hw_[A-Za-z0-9_-]{43}$/);
    expect(shown).toMatchObject({ name: "ci", scopes: ["deploy"], expires_at: null, revoked_at: null });
    expect(await (await server.api("/whoami", { token })).json()).toEqual({ name: "ci", scopes: ["deploy"] });
    const list = await (await server.api("/tokens")).text();
    expect(list).toContain(shown.id);
    expect(list).not.toContain(token);
    expect(list).not.toContain(createHash("sha256").update(token).digest("hex"));
  });

  it("writes its end down as all times are", async () => {
    const expires = { expires_at: "2099-01-01T00:00:00Z" };
    const made = await server.client.createToken({ name: "ends", scopes: ["read"], ...expires });
    expect(made.expires_at).toBe("2099-01-01T00:00:00.000Z");
  });

  it("makes another one each time", async () => {
    const made = await Promise.all(
      ["a", "b", "c"].map((name) => server.client.createToken({ name, scopes: ["read"] })),
    );
    expect(new Set(made.map(({ token }) => token)).size).toBe(3);
  });

  it("says everything that is wrong at once", async () => {
    const response = await create({
      name: "not a name",
      scopes: ["root"],
      expires_at: "tomorrow",
      admin: true,
    });
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe("request:invalid");
    expect(problem["problems"]).toHaveLength(4);
    for (const key of ["name", "scopes.0", "expires_at", "admin"]) expect(problem.detail).toContain(key);
  });

  it("refuses a name that a live token has, also of many at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => create({ name: "taken", scopes: ["read"] })),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(4);
    for (const response of refused) expect((await problemOf(response)).code).toBe("token:exists");
  });
});

describe("DELETE /tokens/:ref", () => {
  it.each(["id", "name"] as const)("revokes by %s; the name is free again", async (key) => {
    const made = await server.client.createToken({ name: `by-${key}`, scopes: ["read"] });
    const response = await server.api(`/tokens/${made[key]}`, { method: "DELETE" });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect((await server.api("/whoami", { token: made.token })).status).toBe(401);
    const { items } = await server.client.listTokens();
    expect(items.find(({ id }) => id === made.id)?.revoked_at).not.toBeNull();
    expect((await create({ name: `by-${key}`, scopes: ["read"] })).status).toBe(201);
  });

  it("of none gets 404, and of a revoked one too", async () => {
    const { id } = await server.client.createToken({ name: "once", scopes: ["read"] });
    await server.client.revokeToken(id);
    for (const ref of [id, "nobody", "%27%20or%201=1"]) {
      const response = await server.api(`/tokens/${ref}`, { method: "DELETE" });
      expect((await problemOf(response)).code).toBe("token:not_found");
    }
  });
});

describe("a token's last use", () => {
  it("is written down", async () => {
    const { id, token } = await server.client.createToken({ name: "used", scopes: ["read"] });
    const lastUse = async () =>
      (await server.client.listTokens()).items.find((row) => row.id === id)?.last_used_at;
    expect(await lastUse()).toBeNull();
    await server.api("/whoami", { token });
    // The request does not wait for the note of it.
    const used = await until(lastUse, { what: "the use to be written down" });
    expect(Date.parse(used)).toBeGreaterThan(Date.now() - 60_000);
  });
});
