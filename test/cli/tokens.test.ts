import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { verifyPassword } from "../../src/lib/passwords.ts";
import { CLI_SHA, cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { runInTerminal } from "../support/terminal.ts";

const createdSchema = z.tuple([
  z.object({ name: z.string(), token: z.string(), scopes: z.array(z.string()) }),
]);

describe("tokens", () => {
  let place: Place;
  /** Without settings: all it knows is a URL and a token. */
  let elsewhere: Place;
  let url: string;

  beforeAll(async () => {
    place = await createPlace(cliSettings);
    elsewhere = await createPlace();
    ({ url } = await place.serve());
  });
  afterAll(() => Promise.all([place.close(), elsewhere.close()]));

  async function newToken(name: string, ...options: string[]): Promise<string> {
    const ran = await place.run(["token", "create", name, ...options, "--json"]);
    return createdSchema.parse(ran.json())[0].token;
  }

  it("create shows the token alone on stdout; list and revoke know it by its name", async () => {
    const ran = await place.run(["token", "create", "ci", "--scope", "deploy", "--expires", "90d"]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "Token ci (deploy); it is shown this once:" });
    expect(ran.stdout).toMatch(/^hw_[\w-]+$/);
    const list = await place.run(["token", "list"]);
    expect(list.stdout).toMatch(/\nci +deploy +[-\d]{10} [:\d]{8} +- /);
    expect(list.stdout).not.toContain(ran.stdout);
    expect(await place.run(["token", "create", "ci"])).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await place.run(["token", "revoke", "ci"])).toMatchObject({
      exitCode: 0,
      stdout: "ci is revoked",
    });
    expect((await place.run(["token", "list"])).stdout).toMatch(/\nci .*revoked [-\d]{10}/);
    expect(await place.run(["token", "revoke", "ci", "--json"])).toMatchObject({ exitCode: 3, stdout: "" });
  });

  it.each([
    ["a scope", ["--scope", "root"], /--scope: expected one of read, deploy, admin/],
    ["a duration", ["--expires", "soon"], /--expires: soon is not a duration such as 90d/],
  ])("create refuses %s that it does not know", async (_what, options, message) => {
    const ran = await place.run(["token", "create", "odd", ...options]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });

  it("a token and a URL are enough to work from elsewhere, by options or environment", async () => {
    const token = await newToken("far", "--scope", "deploy");
    const deploy = ["trigger", "deploy", "-p", `sha=${CLI_SHA}`, "--follow"];
    expect(await elsewhere.run([...deploy, "--url", url, "--token", token])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("✓ deploy COMPLETED"),
    });
    const env = { HOOKWRIGHT_URL: `${url}/`, HOOKWRIGHT_TOKEN: token };
    expect((await elsewhere.run(["tasks", "--json"], { env })).json()).toMatchObject([{ action: "deploy" }]);
  });

  it("a token may do what its scope says, and no more", async () => {
    const env = { HOOKWRIGHT_URL: url, HOOKWRIGHT_TOKEN: await newToken("reader") };
    expect(await elsewhere.run(["tasks"], { env })).toMatchObject({ exitCode: 0 });
    const refused = await elsewhere.run(["trigger", "fail"], { env });
    expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
    expect(refused.stderr).toMatch(/\(auth:forbidden\)\nMake a token that may: /);
  });

  it.each([
    ["without a token", {}, 5, "A server elsewhere needs a token"],
    ["with a wrong one", { HOOKWRIGHT_TOKEN: "hw_wrong" }, 5, "(auth:bad_credentials)"],
    [
      "where nothing listens",
      { HOOKWRIGHT_URL: "http://127.0.0.1:9", HOOKWRIGHT_TOKEN: "hw_x" },
      4,
      "No Hookwright",
    ],
    ["at what is no URL", { HOOKWRIGHT_URL: "example.com", HOOKWRIGHT_TOKEN: "hw_x" }, 2, "expected a URL"],
  ])("says what is wrong %s", async (_what, env, exitCode, message) => {
    const ran = await elsewhere.run(["tasks"], { env: { HOOKWRIGHT_URL: url, ...env } });
    expect(ran).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(message) });
  });

  it("errors with --json are a line of JSON on stderr", async () => {
    const ran = await elsewhere.run(["tasks", "--url", url, "--token", "hw_wrong", "--json"]);
    expect(ran).toMatchObject({ exitCode: 5, stdout: "" });
    expect(JSON.parse(ran.stderr)).toEqual({
      error: { code: "auth:bad_credentials", message: expect.any(String), hint: expect.any(String) },
    });
  });

  it("a server whose address has been lost is not disturbed", async () => {
    const file = join(place.dir, "data/local-url");
    await rename(file, `${file}.lost`);
    const ran = await place.run(["tasks"]);
    await rename(`${file}.lost`, file);
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toMatch(/\(store:locked\)\nStop that server, or give its address with --url/);
  });
});

describe("hash-token", () => {
  let place: Place;
  beforeAll(async () => {
    place = await createPlace();
  });
  afterAll(() => place.close());

  it.each(["the token", "the token\n", "the token\r\n"])(
    "hashes stdin %j without its line end",
    async (input) => {
      const ran = await place.run(["hash-token"], { input });
      expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ran.stdout).toMatch(/^\$argon2id\$/);
      expect(await verifyPassword(ran.stdout, "the token")).toBe(true);
    },
  );

  it("gives the hash as JSON, and refuses an empty token", async () => {
    const json = await place.run(["hash-token", "--json"], { input: "x" });
    expect(json.json()).toEqual([{ hash: expect.stringMatching(/^\$argon2id\$/) }]);
    expect(await place.run(["hash-token"], { input: "\n" })).toMatchObject({ exitCode: 2, stdout: "" });
  });

  it("asks at a terminal, twice, and never shows what is typed", async () => {
    const terminal = runInTerminal({ dir: place.dir, args: ["hash-token"], columns: 120 });
    await terminal.shows("Token (not shown):");
    terminal.type("s3cret\r");
    await terminal.shows("Once more:");
    terminal.type("s3cret\r");
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).not.toContain("s3cret");
    const hash = /\$argon2id\$\S+/.exec(terminal.screen())?.[0] ?? "";
    expect(await verifyPassword(hash, "s3cret")).toBe(true);
    await terminal.close();
  });

  it.each([
    ["another token", "other\r", 2, "The two are not the same"],
    ["Ctrl-C", "\x03", 130, "Nothing was given"],
    ["Ctrl-D", "\x04", 130, "Nothing was given"],
  ])("gives no hash after %s the second time", async (_what, keys, exitCode, message) => {
    const terminal = runInTerminal({ dir: place.dir, args: ["hash-token"] });
    await terminal.shows("Token (not shown):");
    terminal.type("s3cret\r");
    await terminal.shows("Once more:");
    terminal.type(keys);
    expect(await terminal.ended).toBe(exitCode);
    expect(terminal.screen()).toContain(message);
    expect(terminal.screen()).not.toContain("$argon2id$");
    await terminal.close();
  });
});
