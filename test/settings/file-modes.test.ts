import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findOpenFiles, formatOpenFile } from "../../src/settings/file-modes.ts";
import { openSecretStore, secretPlaceOf } from "../../src/settings/secret-store.ts";
import { openStore } from "../../src/storage/open.ts";
import { createTokens } from "../../src/accounts/tokens.ts";
import { load, temporaryFolder } from "./settings-file.ts";
import { auditorOf } from "../support/auditor.ts";

const literal = "sources:\n  app: { kind: github, secret: not-for-others }\nactions: {}\n";
const named = "sources:\n  app: { kind: github, secret: '${APP_SECRET}' }\nactions: {}\n";
const env = { APP_SECRET: "not-for-others" };

/** What is found with the settings file at that mode, each with the folder's name cut off. */
async function found(dir: string, text: string, mode: number): Promise<string[]> {
  const settings = await load(text, { dir, env });
  await chmod(join(dir, "hookwright.yaml"), mode);
  return (await findOpenFiles(settings)).map((each) => formatOpenFile(each).replaceAll(`${dir}/`, ""));
}

describe("files that others can read", () => {
  it.each([0o640, 0o604, 0o644, 0o660])("finds settings with a secret in them at mode %o", async (mode) => {
    expect(await found(await temporaryFolder(), literal, mode)).toEqual([
      "hookwright.yaml holds secrets, and other accounts can read it: chmod 600 hookwright.yaml",
    ]);
  });

  it("finds nothing in settings for their owner alone, or without a secret in so many words", async () => {
    const dir = await temporaryFolder();
    expect(await found(dir, literal, 0o600)).toEqual([]);
    expect(await found(dir, named, 0o644)).toEqual([]);
    expect(await found(dir, `# not-for-others\n${named}`, 0o664)).toEqual([]);
  });

  it("finds the password in the store's URL", async () => {
    const text = "store: postgres://me:not-for-others@127.0.0.1/db\n";
    expect(await found(await temporaryFolder(), text, 0o644)).toHaveLength(1);
  });

  it("finds settings that every account can change, whatever is in them", async () => {
    expect(await found(await temporaryFolder(), named, 0o646)).toEqual([
      "hookwright.yaml says what is run here, and every account of this machine can change it: chmod o-w hookwright.yaml",
    ]);
  });

  it("finds the .env and the key of the kept secrets", async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, ".env"), "A=b\n");
    await chmod(join(dir, ".env"), 0o644);
    await writeFile(join(dir, "secrets.key"), "");
    await chmod(join(dir, "secrets.key"), 0o640);
    expect(await found(dir, named, 0o600)).toEqual([
      ".env can be read or changed by other accounts: chmod 600 .env",
      "secrets.key opens the kept secrets, and other accounts can read it: chmod 600 secrets.key",
    ]);
  });

  it("finds a data folder that is open, and the files in it where others can pass through", async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, "data"));
    await writeFile(join(dir, "data/hookwright.db"), "");
    await chmod(join(dir, "data/hookwright.db"), 0o644);
    await chmod(join(dir, "data"), 0o755);
    const database =
      "data/hookwright.db can be read or changed by other accounts: chmod 600 data/hookwright.db";
    expect(await found(dir, named, 0o600)).toEqual([
      "data holds all data, and other accounts can read it: chmod go-rw data",
      database,
    ]);
    await chmod(join(dir, "data"), 0o711);
    expect(await found(dir, named, 0o600)).toEqual([database]);
    await chmod(join(dir, "data"), 0o700);
    expect(await found(dir, named, 0o600)).toEqual([]);
  });

  it("does what it says: the fix leaves nothing to find", async () => {
    const dir = await temporaryFolder();
    const settings = await load(literal, { dir });
    await chmod(join(dir, "hookwright.yaml"), 0o666);
    const [open] = await findOpenFiles(settings);
    expect(open?.fix).toBe(`chmod 600 ${join(dir, "hookwright.yaml")}`);
    await chmod(open?.path ?? "", 0o600);
    expect(await findOpenFiles(settings)).toEqual([]);
  });
});

describe("files that the server makes", () => {
  it("are for its own account alone", async () => {
    const dir = await temporaryFolder();
    const settings = await load(named, { dir, env });
    await chmod(join(dir, "hookwright.yaml"), 0o644);
    const store = await openStore(settings.store);
    await createTokens({ store, auditor: auditorOf(store) }).ensureLocalToken({
      dir: settings.dataDir,
      name: "local",
    });
    await store.close();
    await openSecretStore({ ...secretPlaceOf(named, dir), env: {} }).set("app", "kept");
    expect((await stat(settings.dataDir)).mode & 0o777).toBe(0o700);
    const files = ["data/hookwright.db", "data/local-token", "secrets.key", "secrets.enc"];
    const modes = await Promise.all(files.map(async (file) => (await stat(join(dir, file))).mode & 0o777));
    expect(modes).toEqual(files.map(() => 0o600));
    expect(await findOpenFiles(settings)).toEqual([]);
  });
});
