// node scripts/upgrade-fixture.ts [--program DIR] [--postgres] --out FILE.tar.gz
// Has a version of Hookwright (a checkout with its packages; default: this one) make data of every sort, kills it in the middle
// of its work, and keeps what it leaves, in the embedded store or in PostgreSQL. test/e2e/upgrade.*.test.ts start later versions
// on it. See CONTRIBUTING.md.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { execa } from "execa";
import { z } from "zod";
import { createDatabase, startPostgres } from "../test/support/postgres.ts";
import { githubPush } from "../test/support/push.ts";

const { values } = parseArgs({
  options: {
    program: { type: "string", default: join(import.meta.dirname, "..") },
    postgres: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
if (values.out === undefined) throw new Error("Give --out FILE.tar.gz");
const bin = resolve(values.program, "bin/hookwright.js");
const out = resolve(values.out);

const SECRET = "upgrade-secret-0123456789";
/** In words that every version knows. `hold` and `again` wait for a file, so that the kill finds them running. */
const SETTINGS = `
server: { listen: 127.0.0.1:0 }
${values.postgres ? 'store: "${STORE_URL}"' : ""}
sources: { app: { kind: github, secrets: ["${SECRET}"] } }
actions:
  quick:
    on: [{ source: app, event: push, branch: quick }]
    workdir: .
    steps: [{ name: say, run: [echo, hello from the past] }]
  fail:
    on: [{ source: app, event: push, branch: fail }]
    workdir: .
    steps:
      - { name: first, run: [echo, one], undo: { run: [echo, undone] } }
      - { name: second, shell: "exit 3" }
  hold:
    on: [{ source: app, event: push, branch: hold }]
    workdir: .
    steps: [{ name: wait, shell: "until [ -e go ]; do sleep 0.1; done", undo: { run: [touch, held-was-undone] } }]
  again:
    on: [{ source: app, event: push, branch: again }]
    workdir: .
    on_crash: retry
    steps: [{ name: wait, shell: "until [ -e go ]; do sleep 0.1; done; echo went on" }]
`;

/** Branches in their order; the second of a group waits for the first. */
const PUSHES = ["quick", "fail", "unknown", "hold", "hold", "again", "quick"];

const dir = mkdtempSync(join(tmpdir(), "hookwright-upgrade-"));
let server: ChildProcess | null = null;
const postgres = values.postgres ? await startPostgres({ fsync: false }) : null;
const storeUrl = postgres?.url("hookwright") ?? "";
try {
  if (postgres !== null) await createDatabase(postgres.url("postgres"), "hookwright");
  writeFileSync(join(dir, "hookwright.yaml"), SETTINGS, { mode: 0o600 });
  const env = { ...process.env, HOME: dir, STORE_URL: storeUrl };
  const started = spawn(process.execPath, [bin, "serve"], {
    cwd: dir,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  server = started;
  const url = await serving(started.stderr);
  for (const [index, branch] of PUSHES.entries()) await push(url, branch, index);
  const wanted = { COMPLETED: 2, CANCELLED: 1, RUNNING: 2, ENQUEUED: 1 };
  await until(async () => {
    const states = Object.groupBy(await list("tasks"), ({ state }) => String(state));
    return Object.entries(wanted).every(([state, count]) => states[state]?.length === count);
  });
  const tasks = await list("tasks");
  const deliveries = await list("deliveries");
  started.kill("SIGKILL");
  await once(started, "exit");
  writeFileSync(join(dir, "go"), "");
  const kept = join(dir, "kept");
  mkdirSync(kept);
  const schema = postgres === null ? keepDatabase(kept) : await keepDump(kept);
  cpSync(join(dir, "hookwright.yaml"), join(kept, "hookwright.yaml"));
  writeFileSync(join(kept, "expected.json"), JSON.stringify({ schema, tasks, deliveries }, null, 2));
  mkdirSync(dirname(out), { recursive: true });
  await execa("tar", [
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "-czf",
    out,
    "-C",
    kept,
    ".",
  ]);
  console.log(`${out}: schema ${schema}, ${tasks.length} tasks, ${deliveries.length} deliveries`);
} finally {
  server?.kill("SIGKILL");
  // Its commands wait for this.
  writeFileSync(join(dir, "go"), "");
  await delay(500);
  await postgres?.close();
  rmSync(dir, { recursive: true, force: true });
}

/** The embedded store. Returns its schema. */
function keepDatabase(kept: string): number {
  const database = new Database(join(dir, "data/hookwright.db"));
  const schema = Number(database.pragma("user_version", { simple: true }));
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.exec("vacuum");
  database.close();
  for (const name of ["hookwright.db", "hookwright.db.bodies"]) {
    const from = join(dir, "data", name);
    if (existsSync(from)) cpSync(from, join(kept, name), { recursive: true });
  }
  return schema;
}

/** As statements that every version of PostgreSQL takes, without what is for psql or for one session. */
async function keepDump(kept: string): Promise<number> {
  const options = ["--inserts", "--no-owner", "--no-privileges", "--no-comments"];
  const { stdout } = await execa("pg_dump", [...options, storeUrl]);
  const session = /^(?:--|\\|SET |SELECT pg_catalog\.set_config\()/;
  const statements = stdout.split("\n").filter((line) => line !== "" && !session.test(line));
  // Functions come before the tables that they are about.
  const dump = ["SET check_function_bodies = false;", ...statements];
  writeFileSync(join(kept, "hookwright.sql"), dump.join("\n"));
  const [, schema = ""] = /INSERT INTO hookwright\.schema_version VALUES \((\d+)\)/.exec(stdout) ?? [];
  return Number(schema);
}

async function serving(stderr: NodeJS.ReadableStream): Promise<string> {
  let said = "";
  for await (const chunk of stderr) {
    said += String(chunk);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error(`It ended before it served: ${said}`);
}

async function push(url: string, branch: string, index: number): Promise<void> {
  const id = `00000000-0000-4000-8000-00000000000${index}`;
  const { body, headers } = githubPush({ secret: SECRET, branch, sha: String(index + 1).repeat(40), id });
  const response = await fetch(`${url}/hooks/app`, { method: "POST", body: new Uint8Array(body), headers });
  if (response.status !== 202) throw new Error(`${branch}: ${response.status} ${await response.text()}`);
}

async function list(what: "tasks" | "deliveries"): Promise<Record<string, unknown>[]> {
  const { stdout } = await execa(process.execPath, [bin, what, "--json"], {
    cwd: dir,
    env: { STORE_URL: storeUrl },
  });
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return;
    await delay(200);
  }
  throw new Error("It did not come to that");
}
