import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { newKey } from "../../src/lib/secret-box.ts";
import { parseSettings } from "../../src/settings/load.ts";
import { openSecretStore, type SecretStore } from "../../src/settings/secret-store.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "hookwright-secrets-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = (): string => join(dir, "secrets.enc");
const keyFile = (): string => join(dir, "secrets.key");
const open = (env: NodeJS.ProcessEnv = {}): SecretStore =>
  openSecretStore({ file: file(), keyFile: keyFile(), env });
const bytes = (): string => readFileSync(file(), "utf8");

describe("the secret store", () => {
  it("keeps values that only the key opens, and makes a key where there is none", async () => {
    await open().set("ops", "hunter22 with ümlauts");
    await open().set("app", "another one");
    expect(open().read("ops")).toBe("hunter22 with ümlauts");
    expect(
      open()
        .list()
        .map(({ name }) => name),
    ).toEqual(["app", "ops"]);
    expect(bytes()).not.toMatch(/hunter22|another/);
    expect([file(), keyFile()].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it("knows nothing of a name that was not set, or was removed", async () => {
    expect(open().read("ops")).toBeNull();
    await open().set("ops", "x");
    await open().remove("ops");
    expect(open().read("ops")).toBeNull();
    await expect(open().remove("ops")).rejects.toThrow(
      new AppError("secrets:not_found", "There is no secret ops"),
    );
  });

  it.each(["", "../x", "a b", "__proto__"])("refuses the name %j", async (name) => {
    await expect(open().set(name, "x")).rejects.toThrow("is no name for a secret");
  });

  it("does not open under another key, another name, or with a byte changed", async () => {
    await open().set("ops", "x");
    const text = bytes();
    expect(() => open({ HOOKWRIGHT_SECRETS_KEY: newKey() }).read("ops")).toThrow(
      "does not open the secret ops",
    );
    await expect(open({ HOOKWRIGHT_SECRETS_KEY: newKey() }).set("more", "y")).rejects.toThrow(
      "does not open",
    );
    writeFileSync(file(), text.replace('"ops"', '"dev"'));
    expect(() => open().read("dev")).toThrow("does not open");
    writeFileSync(
      file(),
      text.replace(/"sealed": "(.)/, (_, first: string) => `"sealed": "${first === "A" ? "B" : "A"}`),
    );
    expect(() => open().read("ops")).toThrow("does not open");
  });

  it.each([
    ["no JSON", "{"],
    ["another version", '{"version":2,"secrets":{}}'],
  ])("says so when the file is %s", (_what, text) => {
    writeFileSync(file(), text);
    expect(() => open().read("ops")).toThrow(`${file()} can't be read`);
  });

  it("encrypts with a new key, and the old one opens nothing any more", async () => {
    await open().set("ops", "x");
    const old = readFileSync(keyFile(), "utf8").trim();
    expect(await open().rotateKey()).toBe(1);
    expect(open().read("ops")).toBe("x");
    expect(readFileSync(keyFile(), "utf8")).not.toContain(old);
    expect(() => open({ HOOKWRIGHT_SECRETS_KEY: old }).read("ops")).toThrow("does not open");
  });

  it("opens whichever key a crash during the change has left first", async () => {
    await open().set("ops", "x");
    const old = readFileSync(keyFile(), "utf8");
    writeFileSync(keyFile(), `${newKey()}\n${old}`);
    expect(open().read("ops")).toBe("x");
    await open().rotateKey();
    expect(open().read("ops")).toBe("x");
    expect(readFileSync(keyFile(), "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("changes a key of the environment once the new one stands before it", async () => {
    const [old, next] = [newKey(), newKey()];
    await open({ HOOKWRIGHT_SECRETS_KEY: old }).set("ops", "x");
    await expect(open({ HOOKWRIGHT_SECRETS_KEY: old }).rotateKey()).rejects.toThrow(
      "put the new one before it",
    );
    await open({ HOOKWRIGHT_SECRETS_KEY: `${next},${old}` }).rotateKey();
    expect(open({ HOOKWRIGHT_SECRETS_KEY: next }).read("ops")).toBe("x");
  });

  it.each(["short", Buffer.alloc(31).toString("base64")])("refuses %j as a key", (key) => {
    expect(() => open({ HOOKWRIGHT_SECRETS_KEY: key })).toThrow("expected base64 of 32 bytes");
  });

  it("loses nothing when several write at the same time", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
    await Promise.all(names.map((name) => open().set(name, name)));
    expect(
      open()
        .list()
        .map(({ name }) => name),
    ).toEqual(names);
  });
});

describe("secret_name in the settings", () => {
  const parse = (source: string) =>
    parseSettings({ text: `sources: { app: { ${source} } }`, file: null, dir, env: {} });

  it("gives a source the secrets of these names, and has them masked", async () => {
    await open().set("app", "a-secret-of-the-store");
    await open().set("app-new", "the-next-secret-of-it");
    expect(parse("kind: github, secret_name: [app, app-new]").secretValues).toEqual([
      "a-secret-of-the-store",
      "the-next-secret-of-it",
    ]);
  });

  it("is a problem where there is no such secret, or it can't be opened", async () => {
    expect(() => parse("kind: github, secret_name: app")).toThrow(
      "sources.app.secret_name: there is no secret app; keep one with: hookwright secrets set app",
    );
    await open().set("app", "x");
    writeFileSync(keyFile(), newKey());
    expect(() => parse("kind: github, secret_name: app")).toThrow("does not open the secret app");
  });
});
