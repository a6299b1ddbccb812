import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { taskSchema } from "../../src/client/schemas.ts";
import { CLI_SHA, cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";

const deploy = ["trigger", "deploy", "--param", `sha=${CLI_SHA}`];

/** `--json` of a followed task: its log entries, and the task whenever it changed. */
const followed = z.array(
  z.union([
    z.object({ task: taskSchema }),
    z.object({ seq: z.number(), stream: z.string(), text: z.string() }),
  ]),
);

describe.each([
  ["with a running server", true],
  ["without a server", false],
])("%s", (_name, online) => {
  let place: Place;
  beforeAll(async () => {
    place = await createPlace(cliSettings);
    if (online) await place.serve();
  });
  afterAll(() => place.close());

  it("trigger --dry-run shows what would run, and starts nothing", async () => {
    const plan = await place.run([...deploy, "--dry-run"]);
    expect(plan).toMatchObject({ exitCode: 0, stderr: "" });
    expect(plan.stdout).toBe(
      `deploy would run with sha=${CLI_SHA}:\n  1. build: echo "building $HOOKWRIGHT_PARAM_SHA"\n  2. publish: echo published`,
    );
    const json = await place.run([...deploy, "--dry-run", "--json"]);
    expect(json.json()).toMatchObject([{ action: "deploy", params: { sha: CLI_SHA }, steps: [{}, {}] }]);
    const tasks = await place.run(["tasks"]);
    expect(tasks).toMatchObject({ exitCode: 0, stdout: "", stderr: expect.stringContaining("No tasks") });
  });

  it("trigger --follow shows log, steps and end, and exits 0", async () => {
    const ran = await place.run([...deploy, "--follow"]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout.split("\n")).toEqual([
      '• Step 1/2: build: echo "building $HOOKWRIGHT_PARAM_SHA"',
      `  │ building ${CLI_SHA}`,
      "• Step 2/2: publish: echo published",
      "  │ published",
      expect.stringMatching(/^ {2}✓ build {4}\d+(\.\d+)?m?s$/),
      expect.stringMatching(/^ {2}✓ publish {2}\d+(\.\d+)?m?s$/),
      expect.stringMatching(/^✓ deploy COMPLETED in \d/),
    ]);
    expect(ran.stderr).toMatch(/ RUNNING\n.* COMPLETED$/s);
  });

  it("trigger --follow of an action that fails says why, shows the undos, and exits 1", async () => {
    const ran = await place.run(["trigger", "fail", "--follow"]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toContain("  │ wrong\n");
    expect(ran.stdout).toContain("  │ first is undone\n");
    expect(ran.stdout).toMatch(/✗ second +\d+m?s +exit code 3\n/);
    expect(ran.stdout).toMatch(/✓ undo first /);
    expect(ran.stdout).toMatch(/✗ fail CANCELLED \(failed\) in .*exited with 3$/);
  });

  it("trigger --follow --json gives the log and the task, line by line", async () => {
    const ran = await place.run([...deploy, "--follow", "--json"]);
    const lines = followed.parse(ran.json());
    const texts = lines.flatMap((line) => ("text" in line ? [line.text] : []));
    expect(texts).toEqual(expect.arrayContaining([`building ${CLI_SHA}`, "published"]));
    expect(lines.at(-1)).toMatchObject({ task: { state: "COMPLETED", outcome: "succeeded" } });
  });

  it("lists, shows, retries and prints the log of a task that has ended", async () => {
    await place.run(["trigger", "fail", "--follow"]);
    const [task] = z.tuple([taskSchema]).parse((await place.run(["tasks", "--json", "--limit", "1"])).json());
    expect(task).toMatchObject({ action: "fail", state: "CANCELLED", outcome: "failed" });

    const table = await place.run(["tasks", "--action", "fail", "--state", "cancelled"]);
    expect(table.stdout).toMatch(/^ID +ACTION +STATE +CREATED +TOOK +REASON\n/);
    expect(table.stdout).toMatch(
      new RegExp(`\n${task.id}  fail +CANCELLED \\(failed\\) .*exited with 3$`, "m"),
    );

    const part = task.id.slice(-8);
    expect(await place.run(["follow", part])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("✗ fail CANCELLED (failed)"),
    });
    expect((await place.run(["logs", part])).stdout).toContain("  │ first is undone");
    const entries = (await place.run(["logs", part, "--json"])).json();
    expect(entries).toContainEqual(
      expect.objectContaining({ task_id: task.id, stream: "stderr", text: "wrong" }),
    );

    const again = await place.run(["retry", "last", "--follow"]);
    expect(again).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("  │ wrong") });
    expect((await place.run(["tasks", "--json", "--limit", "2"])).json()).toMatchObject([
      { started_by: { type: "retry", task_id: task.id } },
      { id: task.id },
    ]);
  });
});
