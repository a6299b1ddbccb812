import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ settings: "actions: {}\n" });
});
afterEach(() => server.close());

const PASSWORD = "correct horse battery";

describe("users over the API", () => {
  it("are added, listed, changed, shut out and let in, and never shown with a hash", async () => {
    const { client } = server;
    expect(await client.addUser({ name: "dscape", password: PASSWORD })).toMatchObject({
      name: "dscape",
      disabled_at: null,
    });
    await client.addUser({ name: "another", password: PASSWORD });
    expect((await client.listUsers()).items.map(({ name }) => name)).toEqual(["another", "dscape"]);
    expect((await client.changeUser("dscape", { disabled: true })).disabled_at).not.toBeNull();
    expect(
      (await client.changeUser("dscape", { disabled: false, password: "another password" })).disabled_at,
    ).toBeNull();
    expect(await (await server.api("/users")).text()).not.toContain("argon2");
    await expect(client.addUser({ name: "dscape", password: PASSWORD })).rejects.toMatchObject({
      code: "user:exists",
    });
    await expect(client.changeUser("none", { disabled: true })).rejects.toMatchObject({
      code: "user:not_found",
    });
  });

  it.each([
    { name: "dscape", password: "short" },
    { name: "a:b", password: PASSWORD },
    { name: "", password: PASSWORD },
  ])("are not added as %o", async (user) => {
    expect((await server.api("/users", { json: user })).status).toBe(400);
  });

  it("have tokens, shown once, and revoked", async () => {
    const { client } = server;
    await client.addUser({ name: "dscape", password: PASSWORD });
    const made = await client.createUserToken("dscape", { name: "ci", apps: ["hello"] });
    expect(made).toMatchObject({ user: "dscape", name: "ci", apps: ["hello"], expires_at: null });
    const { items } = await client.listUserTokens("dscape");
    expect(items).toHaveLength(1);
    expect(items[0]).not.toHaveProperty("token");
    await client.revokeUserToken("dscape", "ci");
    expect((await client.listUserTokens("dscape")).items[0]?.revoked_at).not.toBeNull();
    await expect(client.revokeUserToken("dscape", "ci")).rejects.toMatchObject({ code: "token:not_found" });
  });

  it("are an admin's business", async () => {
    const { token } = await server.client.createToken({ name: "deployer", scopes: ["deploy"] });
    expect((await server.api("/users", { token })).status).toBe(403);
    expect((await server.api("/users", { token: null })).status).toBe(401);
  });
});
