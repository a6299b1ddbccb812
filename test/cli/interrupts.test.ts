import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasMarker, listProcesses } from "../../src/lib/processes/proc.ts";
import { cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { until } from "../support/until.ts";

let place: Place;

beforeEach(async () => {
  place = await createPlace(cliSettings);
});
afterEach(() => place.close());

const exists = (name: string): Promise<true> =>
  until(() => existsSync(join(place.dir, name)), { what: `the file ${name}` });
const isWaiting = (): Promise<true> => exists("waiting");

describe("without a server", () => {
  it("Ctrl-C cancels the task: its processes end, its undos run", async () => {
    const running = place.begin(["trigger", "wait"]);
    await isWaiting();
    running.kill("SIGINT");
    expect(await running).toMatchObject({
      exitCode: 130,
      stdout: expect.stringMatching(/✓ undo first .*\n✗ wait CANCELLED \(cancelled\)/s),
      stderr: expect.stringContaining("Cancelling: its processes are ended and its done steps undone"),
    });
    expect(existsSync(join(place.dir, "undone"))).toBe(true);
  });

  it("what a killed server left can't be followed, but cancelled: the next start undoes it", async () => {
    const { server } = await place.serve();
    await place.run(["trigger", "wait"]);
    await isWaiting();
    server.kill("SIGKILL");
    await server.exited;
    expect(await place.run(["follow", "last"])).toMatchObject({
      exitCode: 4,
      stdout: "",
      stderr: expect.stringContaining("Start one with: hookwright serve"),
    });
    expect(await place.run(["cancel", "last", "--wait"])).toMatchObject({
      exitCode: 0,
      stderr: "No server runs; the next one to start ends and undoes it",
      stdout: expect.stringMatching(/is CANCELLING$/),
    });
    await place.serve();
    expect(await place.run(["follow", "last"])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("✗ wait CANCELLED (cancelled)"),
    });
    expect(existsSync(join(place.dir, "undone"))).toBe(true);
  });
});

it("a second Ctrl-C without a server ends at once what does not listen to the first; nothing stays undone", async () => {
  await place.write(
    "hookwright.yaml",
    `
server: { listen: 127.0.0.1:0 }
actions:
  stubborn:
    workdir: .
    grace: 10m
    steps:
      - { name: first, run: [echo, one], undo: { run: [touch, undone] } }
      - { name: second, shell: 'trap "touch asked" TERM; touch waiting; until [ -e go ]; do sleep 0.05; done' }
`,
  );
  const running = place.begin(["trigger", "stubborn"]);
  await isWaiting();
  running.kill("SIGINT");
  await exists("asked");
  running.kill("SIGINT");
  expect(await running).toMatchObject({ exitCode: 130 });
  expect(listProcesses().filter(({ pid }) => hasMarker(pid, `HOME=${place.dir}`))).toEqual([]);

  // It may have come to the undo, or not: then the next server does it.
  await place.serve();
  expect(await place.run(["follow", "last"])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining("✗ stubborn CANCELLED (cancelled)"),
  });
  expect(existsSync(join(place.dir, "undone"))).toBe(true);
});
