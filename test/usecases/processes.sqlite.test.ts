import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { commandOf, listProcesses } from "../../src/lib/processes/proc.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world.close());

/** A shell that ignores SIGTERM, with the folder in its arguments: found also without its environment. */
const STUBBORN = `sh -c 'trap "" TERM; while :; do sleep 0.1; done' "$PWD"`;

/** Ways for a process to get out of sight; each script must write `ready` once its process is there. */
const ESCAPES = {
  "a double fork into a session of its own": `(setsid ${STUBBORN} > other 2>&1 &); echo > ready; sleep 1000`,
  "no environment, in the same session, its parent gone with the first signal": `env -i PATH="$PATH" ${STUBBORN} & echo > ready; wait`,
  "no environment, a session of its own, its parent gone with the first signal": `env -i PATH="$PATH" setsid ${STUBBORN} > other 2>&1 & echo > ready; wait`,
  "no environment, left behind in the same session by a step's command that has ended": `env -i PATH="$PATH" ${STUBBORN} > other 2>&1 & echo > ready`,
  "forks that go on forking, up to a hundred": `fork() { i=$1; while [ $i -lt 100 ]; do ${STUBBORN} > other 2>&1 & i=$((i + 5)); done; wait; }
     for start in 1 2 3 4 5; do fork $start & done; echo > ready; wait`,
} as const;

const settings = (script: string, timeout: string): string => `
actions:
  deploy:
    workdir: .
    grace: 300ms
    timeout: ${timeout}
    steps:
      - { name: a, shell: "true", undo: { shell: echo undone > undone } }
      - name: escape
        shell: ${JSON.stringify(script)}
      - shell: sleep 1000
`;

const stubborn = (): string[] =>
  listProcesses()
    .map(({ pid }) => commandOf(pid))
    .filter((command) => command.includes("while :;") && command.endsWith(world.dir));

async function start(script: string, timeout: string): Promise<string> {
  world = await createWorld({ settings: settings(script, timeout) });
  world.work();
  const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
  await vi.waitFor(() => readFile(join(world.dir, "ready")), { timeout: 10_000 });
  await vi.waitUntil(() => stubborn().length > 0, { timeout: 10_000 });
  return id;
}

async function expectAllEnded(id: string): Promise<void> {
  expect(stubborn()).toEqual([]);
  expect(await readFile(join(world.dir, "undone"), "utf8")).toBe("undone\n");
  const log = (await world.lines(id)).join("\n");
  expect(log).toMatch(/Ended \d+ left-over process(es)?: .*while :;/);
  expect(log).toContain("Nothing of it runs any more");
}

describe.each(Object.entries(ESCAPES))("a process that gets out of sight by %s", (_, script) => {
  it("is ended by a cancel, and the log says so", async () => {
    const id = await start(script, "1h");
    await world.app.cancelTask({ id, by: "test" });
    expect(await world.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "cancelled" });
    await expectAllEnded(id);
  });

  it("is ended by a timeout, and the log says so", async () => {
    const id = await start(script, "1500ms");
    expect(await world.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "timed_out" });
    await expectAllEnded(id);
  });
});

describe("a process that a task leaves behind on purpose", () => {
  it("lives on after the task has succeeded", async () => {
    world = await createWorld({
      settings: `{ actions: { deploy: { workdir: ., steps: [{ shell: ${JSON.stringify(`setsid ${STUBBORN} > other 2>&1 & echo $! > pid`)} }] } } }`,
    });
    world.work();
    const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
    const pid = Number(await readFile(join(world.dir, "pid"), "utf8"));
    await vi.waitUntil(() => stubborn().length === 1);
    process.kill(pid, "SIGKILL");
  });
});
