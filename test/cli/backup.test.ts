import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openStore } from "../../src/storage/open.ts";
import { CLI_SECRET, CLI_SHA, cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { githubPush } from "../support/push.ts";

let place: Place;
let elsewhere: Place;
beforeAll(async () => {
  place = await createPlace(cliSettings);
  elsewhere = await createPlace(cliSettings);
});
afterAll(async () => {
  await place.close();
  await elsewhere.close();
});

async function push(url: string, sha: string): Promise<void> {
  const { body, headers } = githubPush({ secret: CLI_SECRET, sha });
  const answer = await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
  expect(answer.status).toBe(202);
}

it("a server that was backed up while it ran, and killed, goes on elsewhere", async () => {
  const { server, url } = await place.serve();
  await push(url, CLI_SHA);
  await push(url, CLI_SHA.replaceAll("1", "2").split("").toReversed().join(""));
  const backup = join(place.dir, "one.tar.gz");
  const made = await place.run(["backup", "create", backup]);
  expect(made).toMatchObject({ exitCode: 0, stderr: "" });
  expect(made.stdout).toMatch(/one\.tar\.gz: [\d.]+ kB; deliveries, .*: 2\nNot in it/);
  expect((await place.run(["backup", "create", backup])).stderr).toContain("a backup overwrites nothing");
  server.kill("SIGKILL");
  await server.exited;

  await mkdir(join(elsewhere.dir, "data"));
  expect((await elsewhere.run(["backup", "verify", backup, "--json"])).json()).toMatchObject([
    { ok: true, deliveries: 2 },
  ]);
  const restored = await elsewhere.run(["backup", "restore", backup]);
  expect(restored).toMatchObject({ exitCode: 0, stderr: "" });
  expect(restored.stdout).toContain("; deliveries: 2");
  await elsewhere.serve();
  const ids = async (from: Place) =>
    (await from.run(["deliveries", "--json"])).json().map((each) => JSON.stringify(each));
  expect(await ids(elsewhere)).toEqual(await ids(place));
  const again = await elsewhere.run(["backup", "restore", backup, "--force"]);
  expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining("Another Hookwright")]);
});

it("says how a PostgreSQL database is backed up", async () => {
  await elsewhere.write("pg.yaml", `store: "postgres://nobody@127.0.0.1:1/none"\n`);
  const ran = await elsewhere.run(["--settings", "pg.yaml", "backup", "create"]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain("pg_dump --format=custom");
  expect(ran.stderr).not.toContain("spool.db");
});

it("backs up what is on its way to a PostgreSQL database", async () => {
  await elsewhere.write("pg.yaml", `store: "postgres://nobody@127.0.0.1:1/none"\nserver: { spool: true }\n`);
  const ran = await elsewhere.run(["--settings", "pg.yaml", "backup", "create"]);
  // What moves from the one to the other in between is in both.
  const [, line = ""] =
    /hookwright (backup create --from .* spool\.tar\.gz); then pg_dump /.exec(ran.stderr) ?? [];
  const spool = join(elsewhere.dir, "data/spool.db");
  expect(line.split(" ")).toContain(spool);
  const disk = await openStore({ kind: "sqlite", path: spool });
  await disk.close();
  expect(await elsewhere.run(line.split(" "))).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await elsewhere.run(["backup", "verify", "spool.tar.gz"])).toMatchObject({ exitCode: 0 });
});
