import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect } from "vitest";
import { z } from "zod";
import type { Place } from "./cli.ts";
import { until } from "./until.ts";

/** What earlier versions have left when they were killed; made by scripts/upgrade-fixture.ts. */
const FIXTURES = join(import.meta.dirname, "../fixtures/upgrade");

/** The names of what was left in one kind of store, the earliest first. */
export async function earlierData(kind: "sqlite" | "postgres"): Promise<string[]> {
  const all = (await readdir(FIXTURES)).filter((name) => name.endsWith(".tar.gz")).toSorted();
  return all.filter((name) => name.endsWith(".postgres.tar.gz") === (kind === "postgres"));
}

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
export type EarlierData = z.output<typeof expectedSchema>;
const auditedSchema = z.looseObject({ target: z.string() });
/** The schema with which the audit log began. */
const AUDITED_SINCE = 16;

/** Puts it where a server finds it; resolves with what that version has shown of it. */
export async function unpackData(name: string, place: Place): Promise<EarlierData> {
  const data = join(place.dir, "data");
  await mkdir(data, { mode: 0o700 });
  await execa("tar", ["-xzf", join(FIXTURES, name), "-C", data]);
  await rename(join(data, "hookwright.yaml"), join(place.dir, "hookwright.yaml"));
  // What its commands wait for.
  await writeFile(join(place.dir, "go"), "");
  return expectedSchema.parse(JSON.parse(await readFile(join(data, "expected.json"), "utf8")));
}

const ENDS = new Set(["COMPLETED", "CANCELLED", "FAILED_CANCELLING"]);

/** With a server there: all of it can be read, what waited is run, what ran is ended as its action says, who started it is still known, and a replay works. */
export async function expectTakenOver(place: Place, expected: EarlierData): Promise<void> {
  const list = async (what: string): Promise<unknown[]> => (await place.run([what, "--json"])).json();
  const listTasks = async () => z.array(taskSchema).parse(await list("tasks"));
  await until(async () => (await listTasks()).every(({ state }) => ENDS.has(state)), {
    what: "every task to end",
  });
  const tasks = await listTasks();
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
  const audited = await place.run(["audit", "--action", "task.start", "--actor", "source:app", "--json"]);
  expect(
    z
      .array(auditedSchema)
      .parse(audited.json())
      .map(({ target }) => target),
  ).toEqual(expected.schema < AUDITED_SINCE ? [] : expected.tasks.map(({ id }) => `task:${id}`));
  const [newest] = deliveries;
  expect((await place.run(["explain", newest?.id ?? ""])).exitCode).toBe(0);
  const replayed = await place.run(["replay", newest?.id ?? "", "--follow"]);
  expect(replayed.exitCode).toBe(0);
  expect(replayed.stdout).toContain("hello from the past");
}
