import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSharedVault, type PairingVault } from "../../src/accounts/pairing-vault.ts";
import { newKey } from "../../src/lib/secret-box.ts";
import { openSecretStore } from "../../src/settings/secret-store.ts";
import { openTestStore, type OpenStore } from "../support/store.ts";

let opened: OpenStore;
let dir: string;
const logged: string[] = [];
const logger = pino({}, { write: (line: string) => void logged.push(line) });
const [KEY, OTHER] = [newKey(), newKey()];

beforeEach(async () => {
  opened = await openTestStore();
  dir = await mkdtemp(join(tmpdir(), "hookwright-vault-"));
  logged.length = 0;
});
afterEach(async () => {
  await opened.close();
  await rm(dir, { recursive: true, force: true });
});

const secretsOf = (key: string, machine = "a") =>
  openSecretStore({
    file: join(dir, `${machine}.enc`),
    keyFile: join(dir, `${machine}.key`),
    env: { HOOKWRIGHT_SECRETS_KEY: key },
  });

/** On one of the servers that share the store. */
const vault = (key: string, machine = "a"): PairingVault =>
  createSharedVault({
    store: opened.server(machine === "a" ? 0 : 1),
    secrets: secretsOf(key, machine),
    logger,
    now: () => new Date(),
  });

describe("what users have entrusted to servers that share a store", () => {
  it("can be used on each of them, and lies there encrypted", async () => {
    await vault(KEY, "a").write("pairing-1", "ghp_token");
    expect(await vault(KEY, "b").read("pairing-1")).toBe("ghp_token");
    expect(await vault(KEY, "b").read("pairing-2")).toBeNull();
    expect(await opened.store.getPairing("pairing-1")).not.toContain("ghp_token");
  });

  it("is refused, and complained of, by one that has another key", async () => {
    await vault(KEY, "a").write("pairing-1", "ghp_token");
    const stranger = vault(OTHER, "b");
    for (const doing of [stranger.read("pairing-1"), stranger.write("pairing-2", "x")]) {
      await expect(doing).rejects.toThrow("need the same one, in HOOKWRIGHT_SECRETS_KEY or secrets.key_file");
    }
    await stranger.settle();
    expect(logged.join("")).toContain('"pairings":1');
    // Whoever pairs anew there takes the place of what nobody can open.
    await stranger.write("pairing-1", "ghp_new");
    expect(await stranger.read("pairing-1")).toBe("ghp_new");
  });

  it("is encrypted anew at the start of a server that has a new key before the old one", async () => {
    await vault(KEY).write("pairing-1", "ghp_token");
    await vault(`${OTHER},${KEY}`).settle();
    expect(await vault(OTHER, "b").read("pairing-1")).toBe("ghp_token");
    expect(logged).toEqual([]);
  });

  it("takes over what a machine had kept to itself, and leaves what is newer", async () => {
    await secretsOf(KEY).set("pairing-1", "of the machine");
    await secretsOf(KEY).set("pairing-2", "older");
    await secretsOf(KEY).set("webhook", "something else");
    await vault(KEY, "b").write("pairing-2", "newer");
    await vault(KEY).settle();
    expect(await vault(KEY, "b").read("pairing-1")).toBe("of the machine");
    expect(await vault(KEY, "b").read("pairing-2")).toBe("newer");
    expect((await opened.store.listPairings()).map(({ name }) => name)).toEqual(["pairing-1", "pairing-2"]);
  });

  it("keeps the old key in its file until every server has the new one", async () => {
    const keyFile = join(dir, "c.key");
    await writeFile(keyFile, `${KEY}\n`);
    const secrets = openSecretStore({ file: join(dir, "c.enc"), keyFile, env: {} });
    await vault(KEY).write("pairing-1", "ghp_token");
    await secrets.rotateKey({ keepOld: true });
    const renewed = createSharedVault({ store: opened.store, secrets, logger, now: () => new Date() });
    await renewed.settle();
    expect(await renewed.read("pairing-1")).toBe("ghp_token");
    await expect(vault(KEY, "b").read("pairing-1")).rejects.toMatchObject({ code: "secrets:unreadable" });
  });
});
