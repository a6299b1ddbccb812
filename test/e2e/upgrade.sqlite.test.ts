import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { execa } from "execa";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { readFile, rename, writeFile } from "node:fs/promises";
import { SCHEMA_VERSION } from "../../src/storage/migrations/migrations.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { until } from "../support/until.ts";

/** What earlier versions have left when they were killed; made by scripts/upgrade-fixture.ts. */
const FIXTURES = join(import.meta.dirname, "../fixtures/upgrade");
const fixtures = (await readdir(FIXTURES)).filter((name) => name.endsWith(".tar.gz"));

const taskSchema = z.looseObject({
  id: z.string(),
  action: z.string(),
  state: z.string(),
  outcome: z.string().nullish(),
  delivery_id: z.string().nullish(),
});
const deliverySchema = z.looseObject({ id: z.string(), event: z.string(), verdict: z.string() });
const expectedSchema = z.object({
  schema: z.number(),
  tasks: z.array(taskSchema),
  deliveries: z.array(deliverySchema),
});

let place: Place;
afterEach(() => place.close());

async function unpack(name: string): Promise<z.output<typeof expectedSchema>> {
  place = await createPlace();
  const data = join(place.dir, "data");
  await mkdir(data, { mode: 0o700 });
  await execa("tar", ["-xzf", join(FIXTURES, name), "-C", data]);
  await rename(join(data, "hookwright.yaml"), join(place.dir, "hookwright.yaml"));
  // What its commands wait for.
  await writeFile(join(place.dir, "go"), "");
  return expectedSchema.parse(JSON.parse(await readFile(join(data, "expected.json"), "utf8")));
}

const list = async (what: string): Promise<unknown[]> => (await place.run([what, "--json"])).json();

describe.each(fixtures)("the data of %s", (name) => {
  it("is of an earlier schema, or of this one", async () => {
    const { schema } = await unpack(name);
    expect(schema).toBeLessThanOrEqual(SCHEMA_VERSION);
  });

  it("is taken over: all of it can be read, what waited is run, what ran is ended as its action says", async () => {
    const expected = await unpack(name);
    await place.serve();
    await until(
      async () =>
        z
          .array(taskSchema)
          .parse(await list("tasks"))
          .every(({ state }) => ["COMPLETED", "CANCELLED", "FAILED_CANCELLING"].includes(state)),
      { what: "every task to end" },
    );
    const tasks = z.array(taskSchema).parse(await list("tasks"));
    expect(tasks.map(({ id }) => id)).toEqual(expected.tasks.map(({ id }) => id));
    const first = new Map(expected.tasks.map((task) => [task.id, task]));
    for (const { id, action, state, outcome, delivery_id: delivery } of tasks) {
      const before = first.get(id);
      expect([id, delivery]).toEqual([id, before?.delivery_id]);
      if (before?.state === "RUNNING")
        expect([action, outcome]).toEqual(action === "hold" ? ["hold", "lost"] : ["again", "succeeded"]);
      else if (before?.state === "ENQUEUED") expect([action, outcome]).toEqual([action, "succeeded"]);
      else expect([state, outcome]).toEqual([before?.state, before?.outcome]);
    }
    const deliveries = z.array(deliverySchema).parse(await list("deliveries"));
    expect(deliveries.map(({ id, event, verdict }) => [id, event, verdict])).toEqual(
      expected.deliveries.map(({ id, event, verdict }) => [id, event, verdict]),
    );
    const old = tasks.find(({ id, action }) => action === "quick" && first.get(id)?.state === "COMPLETED");
    expect((await place.run(["logs", old?.id ?? ""])).stdout).toContain("hello from the past");
    const [newest] = deliveries;
    expect((await place.run(["explain", newest?.id ?? ""])).exitCode).toBe(0);
    const replayed = await place.run(["replay", newest?.id ?? "", "--follow"]);
    expect(replayed.exitCode).toBe(0);
    expect(replayed.stdout).toContain("hello from the past");
  });
});

describe("the data of a later version", () => {
  it("is refused, and left as it is", async () => {
    await unpack(fixtures.at(-1) ?? "");
    const database = new Database(join(place.dir, "data/hookwright.db"));
    database.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const ran = await place.run(["serve"]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(
      `The database has schema version ${SCHEMA_VERSION + 1}, this program knows ${SCHEMA_VERSION}: start the newer Hookwright again, or restore a backup`,
    );
    const after = new Database(join(place.dir, "data/hookwright.db"), { readonly: true });
    expect(after.pragma("user_version", { simple: true })).toBe(SCHEMA_VERSION + 1);
    after.close();
  });
});
