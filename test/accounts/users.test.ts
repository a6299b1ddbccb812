import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createUsers, type Users } from "../../src/accounts/users.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { auditorOf } from "../support/auditor.ts";

let dir = "";
let store: Store;
let users: Users;
let time = Date.parse("2026-01-01T00:00:00Z");
const PASSWORD = "correct horse battery";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-"));
  store = await openStore({ kind: "sqlite", path: join(dir, "hookwright.db") });
  users = createUsers({ store, auditor: auditorOf(store), now: () => new Date(time) });
  await users.add({ name: "dscape", password: PASSWORD });
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

describe("a user", () => {
  it("comes in with the password, kept as argon2id, and with nothing else", async () => {
    expect(await users.verify("dscape", PASSWORD)).toEqual({ user: "dscape", apps: null });
    for (const wrong of ["", "correct horse", `${PASSWORD} `])
      expect(await users.verify("dscape", wrong)).toBeNull();
    expect(await users.verify("nobody", PASSWORD)).toBeNull();
    expect((await store.getUser("dscape"))?.passwordHash).toMatch(/^\$argon2id\$/);
  });

  it("is there once", async () => {
    await expect(users.add({ name: "dscape", password: PASSWORD })).rejects.toMatchObject({
      code: "user:exists",
    });
    await expect(users.setPassword("nobody", PASSWORD)).rejects.toMatchObject({ code: "user:not_found" });
  });

  it("comes in with the new password alone, also where the old one had passed", async () => {
    await users.verify("dscape", PASSWORD);
    await users.setPassword("dscape", "another password");
    expect(await users.verify("dscape", PASSWORD)).toBeNull();
    expect(await users.verify("dscape", "another password")).not.toBeNull();
  });

  it("is shut out with all tokens, and let in again", async () => {
    const { token } = await users.createToken({ user: "dscape", name: "ci", apps: null, expiresAt: null });
    await users.setDisabled("dscape", true);
    for (const secret of [PASSWORD, token]) expect(await users.verify("dscape", secret)).toBeNull();
    await users.setDisabled("dscape", false);
    for (const secret of [PASSWORD, token]) expect(await users.verify("dscape", secret)).not.toBeNull();
  });

  it("with a record that holds no hash is a fault of ours, not a wrong password", async () => {
    await store.changeUser({ name: "dscape", passwordHash: "plain" });
    await expect(users.verify("dscape", PASSWORD)).rejects.toMatchObject({ code: "user:broken" });
  });

  it("is known to have passed once they have", async () => {
    expect(users.hasPassed("dscape", PASSWORD)).toBe(false);
    await users.verify("dscape", PASSWORD);
    await users.verify("dscape", "wrong password");
    expect(users.hasPassed("dscape", PASSWORD)).toBe(true);
    expect(users.hasPassed("dscape", "wrong password")).toBe(false);
  });
});

describe("an API token", () => {
  const create = (change: Partial<Parameters<Users["createToken"]>[0]> = {}) =>
    users.createToken({ user: "dscape", name: "ci", apps: ["hello"], expiresAt: null, ...change });

  it("stands in for its user's password, for its apps; only its hash is stored", async () => {
    const { token } = await create();
    expect(token).toMatch(/^hwu_[\w-]{43}$/);
    expect(await users.verify("dscape", token)).toEqual({ user: "dscape", apps: ["hello"] });
    await users.add({ name: "other", password: PASSWORD });
    expect(await users.verify("other", token)).toBeNull();
    expect(JSON.stringify(await users.listTokens("dscape"))).not.toContain(token.slice(4));
  });

  it("ends when its time is up, and when it is revoked", async () => {
    const { token } = await create({ expiresAt: new Date(time + 1_000).toISOString() });
    expect(await users.verify("dscape", token)).not.toBeNull();
    time += 1_000;
    expect(await users.verify("dscape", token)).toBeNull();
    const { token: second } = await create({ name: "second" });
    await users.revokeToken("dscape", "second");
    expect(await users.verify("dscape", second)).toBeNull();
    await expect(users.revokeToken("dscape", "second")).rejects.toMatchObject({ code: "token:not_found" });
  });

  it("has a name of its own among the live ones", async () => {
    await create();
    await expect(create()).rejects.toMatchObject({ code: "token:exists" });
    await users.revokeToken("dscape", "ci");
    await create();
    await expect(create({ user: "nobody" })).rejects.toMatchObject({ code: "user:not_found" });
  });
});
