import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { endMarked } from "../../src/lib/processes/end-marked.ts";
import { cliEnv } from "../support/cli.ts";
import { until } from "../support/until.ts";

/* The published package: packed, installed into an empty folder, and started there. */

const root = join(import.meta.dirname, "../..");
/** What is made, what belongs to this clone alone, and where the site's build keeps files for a moment while it runs. */
const NOT_COPIED = new Set(
  ["node_modules", ".git", "dist", "web/dist", "site", "docs/.vitepress", "data", "demo"].map((name) =>
    join(root, name),
  ),
);
const packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);
const PACKING_MS = 240_000;

let dir: string;
let files: readonly string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-package-"));
  // Packing builds anew, and other tests use what is built here.
  const clone = join(dir, "clone");
  await cp(root, clone, { recursive: true, filter: (path) => !NOT_COPIED.has(path) });
  await symlink(join(root, "node_modules"), join(clone, "node_modules"));
  const { stdout } = await execa("npm", ["pack", "--json", "--pack-destination", dir], { cwd: clone });
  // What the build says comes before it.
  const [{ filename, files: all }] = packed.parse(JSON.parse(stdout.slice(stdout.indexOf("[\n"))));
  files = all.map(({ path }) => path);
  await writeFile(join(dir, "package.json"), "{}");
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
  await execa("npm", ["install", ...quiet, `./${filename}`], { cwd: dir });
}, PACKING_MS);

afterAll(async () => {
  await endMarked({ name: "HOME", value: dir, graceMs: 0 });
  await rm(dir, { recursive: true, force: true });
});

/** As somebody who has installed it calls it. */
const run = (file: string, args: readonly string[]) =>
  execa(file, args, { cwd: dir, env: cliEnv(dir), extendEnv: false, reject: false });

it("holds what it needs to run, and none of its tests", () => {
  expect(files).toEqual(
    expect.arrayContaining(["bin/hookwright.js", "LICENSE", "README.md", "package.json"]),
  );
  expect(files).toContain("dist/src/cli/main.js");
  expect(files.filter((path) => /^(src|test|bench|scripts|data)\//.test(path))).toEqual([]);
});

it("is what `npx hookwright` runs", async () => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
  expect((await run("npx", ["hookwright", "--version"])).stdout).toBe(version);
});

it("serves, and deploys the demo by a really signed push", async () => {
  const hookwright = join(dir, "node_modules/.bin/hookwright");
  const server = run(hookwright, ["start"]);
  let said = "";
  server.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => said.includes("docs/getting-started.md"), { what: "the demo to end", timeoutMs: 60_000 });
  expect(said).toContain("✓ deploy-demo COMPLETED");
  expect((await run(hookwright, ["tasks", "--json"])).stdout).toContain('"state":"COMPLETED"');
  server.kill("SIGTERM");
  expect(await server).toMatchObject({ exitCode: 0 });
}, 120_000);
