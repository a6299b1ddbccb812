import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTokens, type Tokens } from "../../src/accounts/tokens.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { auditorOf } from "../support/auditor.ts";

let dir = "";
let store: Store;
let tokens: Tokens;
let time = Date.parse("2026-01-01T00:00:00Z");
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-"));
  store = await openStore({ kind: "sqlite", path: join(dir, "hookwright.db") });
  tokens = createTokens({ store, auditor: auditorOf(store), now: () => new Date(time) });
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const inOneHour = (): string => new Date(time + 3_600_000).toISOString();

describe("a token", () => {
  it("is good until the very moment it expires", async () => {
    const { token } = await tokens.create({ name: "ci", scopes: ["read"], expiresAt: inOneHour() });
    time += 3_600_000 - 1;
    expect(await tokens.verify(token)).toMatchObject({ name: "ci", scopes: ["read"] });
    time += 1;
    expect(await tokens.verify(token)).toBeNull();
  });

  it("is good no more once it is revoked", async () => {
    const { token } = await tokens.create({ name: "ci", scopes: ["read"], expiresAt: null });
    await tokens.revoke("ci");
    expect(await tokens.verify(token)).toBeNull();
    await expect(tokens.revoke("ci")).rejects.toMatchObject({ code: "token:not_found" });
  });

  it("is known to have passed once it was verified, and not before", async () => {
    const { token } = await tokens.create({ name: "ci", scopes: ["read"], expiresAt: null });
    expect(tokens.hasPassed(token)).toBe(false);
    await tokens.verify(token);
    expect(tokens.hasPassed(token)).toBe(true);
    expect(tokens.hasPassed(`${token}x`)).toBe(false);
  });

  it("has its last use written down now and then, not each time", async () => {
    const { token } = await tokens.create({ name: "ci", scopes: ["read"], expiresAt: null });
    const lastUse = async () => (await tokens.list())[0]?.lastUsedAt;
    await tokens.verify(token);
    const first = new Date(time).toISOString();
    expect(await lastUse()).toBe(first);
    time += 59_000;
    await tokens.verify(token);
    expect(await lastUse()).toBe(first);
    time += 1_000;
    await tokens.verify(token);
    expect(await lastUse()).toBe(new Date(time).toISOString());
  });
});

describe("the token of the tools on this machine", () => {
  const ensure = () => tokens.ensureLocalToken({ dir, name: "local" });
  const file = (): string => join(dir, "local-token");

  it("stays the same from start to start", async () => {
    const first = await ensure();
    expect(await ensure()).toBe(first);
    expect((await readFile(file(), "utf8")).trim()).toBe(first);
    expect(await tokens.verify(first)).toMatchObject({ name: "local", scopes: ["admin"] });
  });

  it.each([
    ["gone", () => rm(file())],
    ["changed", () => writeFile(file(), "hw_somebody-elses")],
    [
      "another token's",
      async () => {
        const { token } = await tokens.create({ name: "other", scopes: ["read"], expiresAt: null });
        await writeFile(file(), token);
      },
    ],
  ])("is made anew when its file is %s, and the old one is good no more", async (_name, spoil) => {
    const first = await ensure();
    await spoil();
    const second = await ensure();
    expect(second).not.toBe(first);
    expect(await tokens.verify(first)).toBeNull();
    expect(await tokens.verify(second)).toMatchObject({ scopes: ["admin"] });
  });
});
