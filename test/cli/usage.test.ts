import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BIN, createPlace, type Place } from "../support/cli.ts";

let place: Place;
beforeAll(async () => {
  place = await createPlace();
});
afterAll(() => place.close());

it.each([
  ["a command", ["taks"], "unknown command 'taks'\n(Did you mean tasks?)"],
  ["a command of a group", ["token", "creat"], "unknown command 'creat'\n(Did you mean create?)"],
  ["an option", ["tasks", "--limt", "3"], "unknown option '--limt'\n(Did you mean --limit?)"],
  ["a global option", ["tasks", "--jsno"], "unknown option '--jsno'\n(Did you mean --json?)"],
])("suggests what was meant by %s that it does not know, and exits 2", async (_what, args, message) => {
  expect(await place.run(args)).toMatchObject({ exitCode: 2, stdout: "", stderr: `error: ${message}` });
});

it.each([
  ["without a command", [], /^Usage: hookwright /],
  ["without what a command needs", ["follow"], /missing required argument 'task'/],
  ["with an argument too many", ["follow", "a", "b"], /too many arguments/],
  ["with an option without its value", ["serve", "--listen"], /argument missing/],
  [
    "with an address that is none",
    ["serve", "--listen", "localhost"],
    /--listen: localhost is not HOST:PORT or PORT/,
  ],
  ["with a port that is none", ["serve", "--listen", "127.0.0.1:65536"], /is not HOST:PORT or PORT/],
])("says how it is used when called %s, and exits 2", async (_how, args, message) => {
  const ran = await place.run(args);
  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toMatch(message);
});

it.each([["--help"], ["--version"], ["help"], ["trigger", "--help"]])(
  "%s goes to stdout and exits 0",
  async (...args) => {
    const ran = await place.run(args);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).not.toBe("");
  },
);

it("shows where an error came from when DEBUG is set", async () => {
  expect((await place.run(["tasks"], { env: { DEBUG: "1" } })).stderr).toMatch(/\n +at .*connect\.ts/);
  expect((await place.run(["tasks"])).stderr).not.toMatch(/\n +at /);
});

describe("under an older Node", () => {
  const OLD = "v20.20.2";

  it("says in one line what is wrong, and exits 1", async () => {
    const ran = await runOldNode();
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toBe("");
    expect(ran.stderr.split("\n")).toEqual([
      expect.stringMatching(
        /^hookwright needs Node 24 or later; this is v\d+\.\d+\.\d+\. Start it through npm/,
      ),
    ]);
  });

  /** The machine's own, where it is an older one; else this one, which is made to say that it is. */
  async function runOldNode() {
    const path = (process.env["PATH"] ?? "").split(":").filter((dir) => !dir.includes("node_modules"));
    const env = { PATH: path.join(":") };
    const own = await execa("node", ["--version"], { env, extendEnv: false, reject: false });
    const major = Number(/^v(\d+)/.exec(own.stdout)?.[1]);
    if (major < 24) return execa("node", [BIN, "tasks"], { env, extendEnv: false, reject: false });
    const pretend = join(place.dir, "pretend/old.cjs");
    await mkdir(join(place.dir, "pretend"));
    await writeFile(
      pretend,
      `Object.defineProperty(process.versions, "node", { value: "${OLD.slice(1)}" }); Object.defineProperty(process, "version", { value: "${OLD}" });`,
    );
    return execa(process.execPath, ["--require", pretend, BIN, "tasks"], {
      env,
      extendEnv: false,
      reject: false,
    });
  }
});
