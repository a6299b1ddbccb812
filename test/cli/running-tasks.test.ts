import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place, type Ran } from "../support/cli.ts";
import { until } from "../support/until.ts";

/* The commands about tasks that wait or run on a server. */

let place: Place;

beforeEach(async () => {
  place = await createPlace(cliSettings);
  await place.serve();
});
afterEach(() => place.close());

const started = z.tuple([z.object({ id: z.string(), action: z.string(), state: z.literal("ENQUEUED") })]);
const idIn = (ran: Ran): string => started.parse(ran.json())[0].id;

const isWaiting = (): Promise<true> =>
  until(() => existsSync(join(place.dir, "waiting")), { what: "the action to wait" });

it("trigger without --follow says how to follow, and does not wait", async () => {
  const ran = await place.run(["trigger", "wait"]);
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toMatch(/^(\S{36}) started; follow it with: hookwright follow \S{8}$/);
  await isWaiting();
  await place.write("go", "");
  const follow = await place.run(["follow", "last"]);
  expect(follow).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("  │ gone on") });
});

it("says in a hint how it was called: through npx in a clone", async () => {
  const ran = await place.run(["trigger", "fail"], { env: { npm_execpath: "/usr/lib/npm-cli.js" } });
  expect(ran.stdout).toMatch(/follow it with: npx hookwright follow \S{8}$/);
});

it("shows the place in the queue, and waits there", async () => {
  await place.run(["trigger", "wait"]);
  await isWaiting();
  const second = idIn(await place.run(["trigger", "wait", "--json"]));
  const following = place.begin(["follow", second]);
  let said = "";
  following.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => said.includes("ENQUEUED (number 1 in the queue)"), { what: "the place in the queue" });
  expect((await place.run(["tasks"])).stdout).toMatch(/ENQUEUED #1 /);
  await place.write("go", "");
  expect(await following).toMatchObject({ exitCode: 0 });
});

it("cancel --wait ends the task and exits 0; a second cancel is refused", async () => {
  const id = idIn(await place.run(["trigger", "wait", "--json"]));
  await isWaiting();
  const cancel = await place.run(["cancel", id, "--wait"]);
  expect(cancel.exitCode).toBe(0);
  expect(cancel.stdout).toMatch(/✗ wait CANCELLED \(cancelled\) in .*: Cancelled by/);
  expect(existsSync(join(place.dir, "undone"))).toBe(true);
  expect(await place.run(["cancel", id])).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("(task:not_cancellable)"),
  });
});

it("cancel does not wait unless it is told to", async () => {
  await place.run(["trigger", "wait"]);
  await isWaiting();
  const cancel = await place.run(["cancel", "last", "--json"]);
  expect(cancel).toMatchObject({ exitCode: 0, stderr: "" });
  expect(cancel.json()).toMatchObject([{ state: "CANCELLING", outcome: "cancelled" }]);
  expect(await place.run(["follow", "last"])).toMatchObject({ exitCode: 1 });
});

it("logs --follow goes on to the end", async () => {
  await place.run(["trigger", "wait"]);
  await isWaiting();
  const logs = place.begin(["logs", "last", "-f"]);
  await place.write("go", "");
  expect(await logs).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/│ waiting\n.*│ gone on\n/s),
  });
});

it.each(["SIGINT", "SIGTERM"] as const)("%s leaves a followed task alone, and says so", async (signal) => {
  const following = place.begin(["trigger", "wait", "--follow"]);
  await isWaiting();
  following.kill(signal);
  expect(await following).toMatchObject({
    exitCode: 130,
    stderr: expect.stringMatching(/The task goes on\. Cancel it with: hookwright cancel \S{8}$/),
  });
  expect((await place.run(["tasks", "--json"])).json()).toMatchObject([{ state: "RUNNING" }]);
  await place.write("go", "");
  expect(await place.run(["follow", "last"])).toMatchObject({ exitCode: 0 });
});
