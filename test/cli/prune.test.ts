import { rm } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLI_SECRET, CLI_SHA, cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { openStore } from "../../src/storage/open.ts";
import { claimDatabase } from "../../src/storage/sqlite/locks.ts";
import { githubPush } from "../support/push.ts";
import { until } from "../support/until.ts";

const NOTHING = {
  bodies: 0,
  bytes: 0,
  log_entries: 0,
  tasks: 0,
  deliveries: 0,
  audit_events: 0,
  busy: false,
};
const LONG_AGO = "2001-01-01T00:00:00.000Z";

let place: Place;

/** A delivery and its task, a quarter of a century old. */
beforeAll(async () => {
  place = await createPlace(cliSettings);
  const { server, url } = await place.serve();
  const { body, headers } = githubPush({ secret: CLI_SECRET, sha: CLI_SHA });
  await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
  await place.run(["follow", "last"]);
  server.kill("SIGTERM");
  await server.exited;
  const database = new Database(join(place.dir, "data/hookwright.db"));
  database.prepare("update deliveries set received_at = ?").run(LONG_AGO);
  database.prepare("update tasks set created_at = ?, ended_at = ?").run(LONG_AGO, LONG_AGO);
  database.prepare("update log set time = ?").run(LONG_AGO);
  database.close();
  await rm(join(place.dir, "data/local-url"), { force: true });
});
afterAll(() => place.close());

describe("prune", () => {
  it("--dry-run counts, and removes nothing", async () => {
    const ran = await place.run(["prune", "--dry-run"]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).toMatch(
      /^Would remove bodies: 1 \(\d+ B\), log entries: [1-9]\d*, tasks: 1, deliveries: 1, events of the audit log: 0$/,
    );
    expect((await place.run(["tasks", "--json"])).json()).toHaveLength(1);
  });

  it("removes what is kept no longer, by a running server too", async () => {
    await place.serve();
    const [counts] = (await place.run(["prune", "--json"])).json();
    expect(counts).toMatchObject({ dry_run: false, bodies: 1, tasks: 1, deliveries: 1, busy: false });
    expect((await place.run(["tasks", "--json"])).json()).toEqual([]);
    expect((await place.run(["deliveries", "--json"])).json()).toEqual([]);
    expect((await place.run(["prune", "--json"])).json()).toEqual([{ dry_run: false, ...NOTHING }]);
  });
});

/** Enough for some seconds: each batch gives way to others for several times as long as it took. */
const MANY = 40_000;

/** What a command has said so far on the way. */
function notesOf(command: ReturnType<Place["begin"]>): () => string {
  let said = "";
  command.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return () => said;
}

describe("a prune that no server does", () => {
  let own: Place;
  let path: string;
  beforeAll(async () => {
    own = await createPlace(cliSettings);
    path = join(own.dir, "data/hookwright.db");
    await (await openStore({ kind: "sqlite", path })).close();
    const database = new Database(path);
    database
      .prepare(
        `with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
         insert into log (task_id, time, stream, text) select 'gone', ?, 'stdout', 'x' from n`,
      )
      .run(MANY, LONG_AGO);
    database.close();
  });
  afterAll(() => own.close());

  it("gives way to a server that starts, and goes on there", async () => {
    const pruning = own.begin(["prune", "--json"]);
    const said = notesOf(pruning);
    const database = new Database(path, { readonly: true });
    const left = (): number => Number(database.prepare("select count(*) from log").pluck().get());
    await until(() => left() < MANY, { what: "the first batch" });
    // As a server does it first of all.
    const claim = claimDatabase(path);
    await until(() => said().includes("goes on there"), { what: "the command to give way" });
    expect(left()).toBeGreaterThan(0);
    claim.release();
    const { server, url } = await own.serve();
    const { body, headers } = githubPush({ secret: CLI_SECRET, sha: CLI_SHA });
    const answer = await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
    expect(answer.status).toBe(202);
    const { stdout, exitCode } = await pruning;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ dry_run: false, ...NOTHING, log_entries: MANY });
    database.close();
    server.kill("SIGTERM");
    await server.exited;
  });

  it("is no trouble to a server that starts meanwhile, however that falls out", async () => {
    const pruning = own.begin(["prune", "--json"]);
    const { server, url } = await own.serve();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await pruning).exitCode).toBe(0);
    server.kill("SIGTERM");
    await server.exited;
  });
});

describe("a command that no server answers", () => {
  it("waits for another that has the database", async () => {
    const own = await createPlace(cliSettings);
    try {
      const store = await openStore({ kind: "sqlite", path: join(own.dir, "data/hookwright.db") });
      const asking = own.begin(["tasks", "--json"]);
      const said = notesOf(asking);
      await until(() => said().includes("waiting for it"), { what: "the command to wait" });
      await store.close();
      expect(await asking).toMatchObject({ exitCode: 0, stdout: "" });
    } finally {
      await own.close();
    }
  });
});
