import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashPassword } from "../../src/lib/passwords.ts";
import { hasMarker, listProcesses } from "../../src/lib/processes/proc.ts";
import { cliEnv, createPlace, type Place } from "../support/cli.ts";
import { runInTerminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";

/* What a newcomer sees: an empty folder, `npm start`, and what comes after. */

let place: Place;
beforeEach(async () => {
  place = await createPlace();
});
afterEach(() => place.close());

const read = (name: string): Promise<string> => readFile(join(place.dir, name), "utf8");

/** `start` in a pipe, with all it says. */
function start(env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
  const child = place.begin(["start", ...args], { env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const says = async (text: string): Promise<void> => {
    await until(() => said.includes(text), { what: `start to say ${text}` });
  };
  return { child, says, said: () => said };
}

describe("the first start", () => {
  it("shows a whole deployment on a terminal of 80 by 24, goes on serving, and ends at Ctrl-C", async () => {
    const terminal = runInTerminal({ dir: place.dir, args: ["start"] });
    await terminal.shows("docs/getting-started.md");
    const screen = terminal.screen();
    const texts = [
      "Welcome to Hookwright.",
      "signature good, stored as delivery",
      "• Step 2/4: build",
      "  ✓ publish ",
      "✓ deploy-demo COMPLETED in ",
      "  npx hookwright demo  ",
      "https://YOUR-HOST/hooks/my-app",
    ];
    for (const text of texts) expect(screen).toContain(text);
    expect(terminal.raw()).toMatch(/[█░].* \d+%/);
    expect(screen).not.toMatch(/[█░]/);
    expect(await read("demo/live/live/index.html")).toContain("Edition 2");

    const demo = await place.run(["demo"]);
    expect(demo).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("✓ deploy-demo COMPLETED") });
    expect(await read("demo/live/live/index.html")).toContain("Edition 3");
    expect((await place.run(["tasks", "--json"])).json()).toMatchObject([
      { action: "deploy-demo", state: "COMPLETED" },
      { action: "deploy-demo", state: "COMPLETED" },
    ]);
    const explained = await place.run(["explain", "last"]);
    expect(explained).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("✓ starts deploy-demo"),
    });

    terminal.type("\x03");
    expect(await terminal.ended).toBe(0);
    await terminal.close();
  });

  it("is followed by starts that write nothing and only serve; the demo also runs without them", async () => {
    const first = start();
    await first.says("docs/getting-started.md");
    first.child.kill("SIGTERM");
    expect(await first.child).toMatchObject({ exitCode: 0 });
    const settings = await read("hookwright.yaml");

    expect(await place.run(["demo"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("✓ deploy-demo COMPLETED"),
      stderr: expect.stringContaining("No server runs"),
    });

    const second = start();
    await second.says("npx hookwright demo");
    expect(second.said()).toContain('"Serving"');
    second.child.kill("SIGINT");
    expect(await second.child).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await read("hookwright.yaml")).toBe(settings);
  });

  it("takes the next port where another program has 8080, and says so", async () => {
    const other = await listen(8080);
    const { child, says, said } = start();
    await says("docs/getting-started.md");
    expect(said()).toContain("Port 8080 is taken here");
    const [, port] = /listen: 127\.0\.0\.1:(\d+)/.exec(await read("hookwright.yaml")) ?? [];
    expect(said()).toContain(`at http://127.0.0.1:${port},`);
    expect(Number(port)).toBeGreaterThan(8080);
    child.kill("SIGTERM");
    await child;
    other?.close();
  });

  it("goes on where an earlier one left its demo and lost its settings", async () => {
    const first = start();
    await first.says("→ POST");
    first.child.kill("SIGKILL");
    await first.child;
    await rm(join(place.dir, "hookwright.yaml"));
    const second = start();
    await second.says("✓ deploy-demo COMPLETED");
    second.child.kill("SIGTERM");
    expect(await second.child).toMatchObject({ exitCode: 0 });
  });

  it.each(["→ POST", "signature good", "Step 1/4", "Step 2/4", "Step 4/4", "The server goes on"])(
    "ends cleanly, and soon, at a Ctrl-C when it says %j",
    async (moment) => {
      const { child, says } = start();
      await says(moment);
      const asked = performance.now();
      child.kill("SIGINT");
      expect(await child).toMatchObject({ exitCode: 0 });
      expect(performance.now() - asked).toBeLessThan(10_000);
      expect(listProcesses().filter(({ pid }) => hasMarker(pid, `HOME=${place.dir}`))).toEqual([]);
      expect((await place.run(["tasks", "--state", "running"])).stdout).toBe("");
    },
  );

  it("says in a line what is missing where there is no git, and writes nothing", async () => {
    const ran = await place.run(["start"], { env: { PATH: join(place.dir, "nothing") } });
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^error: Hookwright needs git, and there is none in PATH\nInstall it /);
    expect(existsSync(join(place.dir, "hookwright.yaml"))).toBe(false);
    expect(existsSync(join(place.dir, "demo"))).toBe(false);
  });

  it("says in a line what is wrong where it can't write", async () => {
    await place.write("file", "");
    const ran = await place.run(["start", "--settings", "file/hookwright.yaml"]);
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^error: The first settings can't be written: .*\nRun it where /);
  });

  it("gives nothing but JSON on stdout with --json", async () => {
    const { child, says, said } = start({}, ["--json"]);
    await says('"outcome":"succeeded"');
    child.kill("SIGTERM");
    const { stdout } = await child;
    for (const line of stdout.split("\n")) expect(() => void JSON.parse(line)).not.toThrow();
    expect(said()).not.toContain("Welcome");
  });
});

it("a start with TOKEN_HASH and no settings is K-App's server, without the demo", async () => {
  const { child, says } = start({ TOKEN_HASH: await hashPassword("kapp"), PORT: "0" });
  await says('"Serving"');
  expect(existsSync(join(place.dir, "hookwright.yaml"))).toBe(false);
  expect(existsSync(join(place.dir, "demo"))).toBe(false);
  child.kill("SIGTERM");
  expect(await child).toMatchObject({ exitCode: 0, stdout: "" });
});

it("npm start passes SIGTERM on: the server drains and ends with npm", async () => {
  const root = join(import.meta.dirname, "../..");
  const settings = join(place.dir, "hookwright.yaml");
  const npm = execa("npm", ["start", "--", "--settings", settings], {
    cwd: root,
    env: cliEnv(place.dir),
    extendEnv: false,
    reject: false,
    all: true,
  });
  let said = "";
  npm.all.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => said.includes("docs/getting-started.md"), { what: "the demo to end" });
  npm.kill("SIGTERM");
  expect(await npm).toMatchObject({ exitCode: 0, all: expect.stringContaining('"Ended"') });
  expect(listProcesses().filter(({ pid }) => hasMarker(pid, `HOME=${place.dir}`))).toEqual([]);
});

it("the demo without a first start says how to begin, and exits 2", async () => {
  expect(await place.run(["demo"])).toMatchObject({
    exitCode: 2,
    stdout: "",
    stderr: "error: There is no demo here yet\nMake one, and serve it, with: npm start",
  });
});

/** Null where somebody else has the port already: all the same here. */
async function listen(port: number): Promise<Server | null> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return null;
  }
}
