import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { isEnded } from "../../src/domain/task-machine.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { githubPush } from "../support/push.ts";
import { serverClient } from "../support/server-process.ts";
import { postgresUrlOf, storeIn, type TestStore } from "../support/test-store.ts";
import { until } from "../support/until.ts";

const SECRET = "a-long-enough-secret";
const COUNT = 30;

const settingsWith = (store: string): string => `
server: { listen: 127.0.0.1:0 }
store: "${store}"
work: { concurrency: 1 }
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions:
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    on_crash: retry
    grace: 200ms
    concurrency: { group: one, policy: queue }
    steps: [{ shell: "until [ -e go ]; do sleep 0.05; done; echo $HOOKWRIGHT_TASK_ID >> out" }]
`;
const EMBEDDED = "sqlite:./data/hookwright.db";

let place: Place;
let database: TestStore;
let url: string;

beforeEach(async () => {
  place = await createPlace(settingsWith(EMBEDDED));
  database = await storeIn(place.dir, { kind: "sqlite", path: "" });
  url = postgresUrlOf(database);
});
afterEach(async () => {
  await place.close();
  await database.remove();
});

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** An embedded installation that died with work at hand: one task runs, the others wait. Their ids, in order. */
async function deadServer(): Promise<{ tasks: string[]; bodies: Map<string, string> }> {
  const { server, url: served } = await place.serve();
  const bodies = new Map<string, string>();
  for (let index = 0; index < COUNT; index += 1) {
    const { body, headers } = githubPush({ secret: SECRET, message: `push ${index}` });
    const init = { method: "POST", headers, body: new Uint8Array(body) };
    const answer = z.object({ delivery: z.string() });
    const response = await fetch(`${served}/hooks/app`, init);
    bodies.set(answer.parse(await response.json()).delivery, sha256(body));
  }
  const client = await serverClient(served, place.dir);
  const running = async () => (await client.listTasks({ state: "RUNNING" })).items.length === 1;
  await until(running, { what: "the first task to run" });
  const { items } = await client.listTasks({ limit: 100 });
  server.kill("SIGKILL");
  await server.exited;
  return { tasks: items.map(({ id }) => id).toReversed(), bodies };
}

const ARGS = ["migrate-store", "--json", "--to"];

/** Begins the move, and kills it when it has said so many things; false when it had said its last before. */
async function moveUntil(lines: number): Promise<boolean> {
  const child = place.begin([...ARGS, url]);
  let said = 0;
  createInterface({ input: child.stdout }).on("line", () => {
    said += 1;
    if (said === lines) child.kill("SIGKILL");
  });
  return (await child).signal === "SIGKILL";
}

const lineSchema = z.union([
  z.object({ progress: z.object({ phase: z.string(), table: z.string() }) }),
  z.object({
    moved: z.literal(true),
    tasks: z.number(),
    lost_bodies: z.number(),
    tables: z.array(z.unknown()),
  }),
]);

describe("moving an embedded installation to PostgreSQL", () => {
  it("loses nothing though it is killed again and again, and the servers there go on with what waits", async () => {
    const { tasks, bodies } = await deadServer();
    for (let lines = 1; await moveUntil(lines); lines *= 2) {
      const refused = await place.run(["tasks"]);
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toMatch(/store:mov(ing|ed)/);
    }
    // The last one came to its end; one more says so, and changes nothing.
    const again = (await place.run([...ARGS, url])).json().map((line) => lineSchema.parse(line));
    expect(again).toEqual([{ moved: true, tables: [], tasks: 0, lost_bodies: 0 }]);

    await place.write("hookwright.yaml", settingsWith(url));
    const { url: served } = await place.serve();
    const client = await serverClient(served, place.dir);
    // What the dead server had started has been ended before it is run again.
    const anew = async () => (await client.getTask(tasks[0] ?? "")).attempt === 2;
    await until(anew, { what: "the dead server's task to be run again" });
    await place.write("go", "");
    const ended = async () => {
      const { items } = await client.listTasks({ limit: 100 });
      return items.every(({ state }) => isEnded(state)) && items;
    };
    const items = await until(ended, { what: "the tasks to end", timeoutMs: 50_000 });
    expect(items.map(({ id }) => id).toReversed()).toEqual(tasks);
    expect(new Set(items.map(({ outcome }) => outcome))).toEqual(new Set(["succeeded"]));
    // The one that ran when the server died is run again; the others follow in their order.
    expect((await readFile(join(place.dir, "out"), "utf8")).trim().split("\n")).toEqual(tasks);
    for (const [id, digest] of bodies) {
      const headers = { authorization: `Bearer ${await localToken()}` };
      const body = await fetch(`${served}/api/v1/deliveries/${id}/body`, { headers });
      expect(sha256(new Uint8Array(await body.arrayBuffer()))).toBe(digest);
    }
  });

  it("is planned, shown and given up by hand", async () => {
    await deadServer();
    const plan = await place.run(["migrate-store", "--to", url, "--dry-run"]);
    expect(plan.exitCode).toBe(0);
    expect(plan.stdout).toMatch(new RegExp(`^deliveries +${COUNT}$`, "m"));
    expect(plan.stderr).toContain("Would move these to postgres://");
    expect(await moveUntil(2)).toBe(true);
    const given = await place.run(["migrate-store", "--to", url, "--cancel"]);
    expect(given.exitCode).toBe(0);
    expect(given.stdout).toContain("may be used again");
    expect((await place.run(["tasks", "--json"])).json()).toHaveLength(20);
    const moved = await place.run(["migrate-store", "--to", url]);
    expect(moved.exitCode).toBe(0);
    expect(moved.stdout).toMatch(new RegExp(`^tasks +${COUNT} +[0-9a-f]{32}$`, "m"));
    expect(moved.stdout).toContain(`tasks that go on there: ${COUNT}`);
    expect(moved.stdout).toContain('  store: "postgres://');
    expect(moved.stderr).toContain(`copying deliveries: ${COUNT} rows`);
  });

  it("says what is missing, and shows no password", async () => {
    const alone = await place.run(["migrate-store"]);
    expect(alone.exitCode).toBe(2);
    expect(alone.stderr).toContain("--to postgres://");
    const both = await place.run(["migrate-store", "--to", url, "--dry-run", "--cancel"]);
    expect(both.exitCode).toBe(2);
    expect(both.stderr).toContain("--cancel: not together");
    const none = await place.run(["migrate-store", "--to", url]);
    expect(none.exitCode).toBe(3);
    expect(none.stderr).toContain("store:not_found");
    const { server } = await place.serve();
    const open = await place.run(["migrate-store", "--to", "postgres://me:hidden@127.0.0.1:1/db"]);
    expect(open.stderr).toContain("store:locked");
    server.kill("SIGTERM");
    await server.exited;
    const nowhere = await place.run(["migrate-store", "--to", "postgres://me:hidden@127.0.0.1:1/db"]);
    expect(nowhere.exitCode).toBe(1);
    expect(nowhere.stderr).toContain("store:unavailable");
    expect(nowhere.stderr + nowhere.stdout).not.toContain("hidden");
  });
});

const localToken = async (): Promise<string> =>
  (await readFile(join(place.dir, "data/local-token"), "utf8")).trim();
