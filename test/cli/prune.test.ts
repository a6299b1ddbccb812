import { rm } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLI_SECRET, CLI_SHA, cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { githubPush } from "../support/push.ts";

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
