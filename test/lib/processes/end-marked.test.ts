import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endMarked } from "../../../src/lib/processes/end-marked.ts";
import { commandOf, hasMarker, listProcesses, readProcess } from "../../../src/lib/processes/proc.ts";

const NAME = "HOOKWRIGHT_TEST_MARKER";
let dir = "";
let value = "";
const started = new Set<number>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-end-"));
  value = dir;
});
afterEach(async () => {
  for (const pid of started) if (readProcess(pid) !== null) process.kill(pid, "SIGKILL");
  started.clear();
  await rm(dir, { recursive: true, force: true });
});

/** Starts a script with the marker in its environment; `put NAME` in it records the pid of its last background process. */
function start(script: string, marker: string = value): number {
  const put = 'put() { echo $! > "$1.tmp"; mv "$1.tmp" "$1"; }';
  const env = { PATH: process.env["PATH"] ?? "", [NAME]: marker };
  const child = spawn("sh", ["-c", `${put}; ${script}`], { cwd: dir, env, detached: true, stdio: "ignore" });
  const pid = child.pid ?? 0;
  started.add(pid);
  return pid;
}

async function pidIn(name: string): Promise<number> {
  const text = await vi.waitFor(() => readFile(join(dir, name), "utf8"), { timeout: 10_000 });
  started.add(Number(text));
  return Number(text);
}

const end = (graceMs = 5_000) => endMarked({ name: NAME, value, graceMs });
const endedPids = async (): Promise<number[]> => (await end()).found.map(({ pid }) => pid);
const gone = (...pids: number[]): void => {
  for (const pid of pids) expect(readProcess(pid), `process ${pid}`).toBeNull();
};

describe("endMarked", () => {
  it("finds nothing where nothing is marked", async () => {
    expect(await end()).toEqual({ found: [], left: [] });
  });

  it("ends marked processes and tells their commands, but not those with another value", async () => {
    const other = start("sleep 1000 & put other; wait", `${value}-longer`);
    const otherChild = await pidIn("other");
    const pid = start("sleep 2000 & put child; wait");
    const child = await pidIn("child");
    // Between fork and exec it still has the shell's name.
    await vi.waitFor(() => expect(commandOf(child)).toBe("sleep 2000"));
    const { found, left } = await end();
    expect(found).toContainEqual({ pid: child, command: "sleep 2000" });
    expect(left).toEqual([]);
    gone(pid, child);
    expect(readProcess(other)).not.toBeNull();
    expect(readProcess(otherChild)).not.toBeNull();
  });

  it("ends what has left the session and lost its parent, by the marker", async () => {
    const pid = start(
      "(setsid sh -c 'sleep 1000 & echo $! > child.tmp; mv child.tmp child; wait' &) ; exit 0",
    );
    const child = await pidIn("child");
    await vi.waitFor(() => gone(pid));
    expect(await endedPids()).toContain(child);
    gone(child);
  });

  it("ends a descendant that has cleared its environment and left the session", async () => {
    start("env -i setsid sh -c 'sleep 1000 & echo $! > child.tmp; mv child.tmp child; wait' & wait");
    const child = await pidIn("child");
    expect(await endedPids()).toContain(child);
    gone(child);
  });

  it("ends a member of the group that has cleared its environment and lost its parent", async () => {
    start("(env -i sleep 1000 & put child); sleep 1000");
    const child = await pidIn("child");
    expect(await endedPids()).toContain(child);
    gone(child);
  });

  it("gives SIGTERM first, and the time to end", async () => {
    const pid = start(
      "trap 'echo bye > bye; exit 0' TERM; sleep 1000 & put ready; while :; do sleep 0.02; done",
    );
    const child = await pidIn("ready");
    // Until it is `sleep` it is a shell with that trap, which swallows the signal.
    await vi.waitUntil(() => commandOf(child) === "sleep 1000");
    await end(60_000);
    gone(pid);
    expect(await readFile(join(dir, "bye"), "utf8")).toBe("bye\n");
  });

  it("kills what ignores SIGTERM after the grace period", async () => {
    const pid = start("trap '' TERM; sleep 1000 & put child; while :; do sleep 0.02; done");
    const child = await pidIn("child");
    const { left } = await end(50);
    expect(left).toEqual([]);
    gone(pid, child);
  });

  it("catches children that are forked when SIGTERM comes", async () => {
    const pid = start(
      "trap 'setsid sh -c \"trap : TERM; echo \\$\\$ > late.tmp; mv late.tmp late; while :; do sleep 0.02; done\" & exit 0' TERM; " +
        "sleep 1000 & put ready; while :; do sleep 0.02; done",
    );
    await pidIn("ready");
    const { left } = await end(400);
    expect(left).toEqual([]);
    gone(pid);
    // Whether it got as far as noting its pid or not: nothing of it is left.
    expect(listProcesses().filter((info) => hasMarker(info.pid, `${NAME}=${value}`))).toEqual([]);
  });

  it("leaves nothing of what forks all the time into sessions of its own, without the marker", async () => {
    const storm = `sh -c "trap '' TERM; sleep 1000.\\$\\$ & wait"`;
    const script = `trap "" TERM; echo > ready; while :; do env -u ${NAME} STORM=${value} setsid ${storm} & sleep 0.01; done`;
    const pid = start(script);
    await vi.waitFor(() => readFile(join(dir, "ready")), { timeout: 10_000 });
    const { left } = await end(100);
    expect(left).toEqual([]);
    gone(pid);
    expect(listProcesses().filter((info) => hasMarker(info.pid, `STORM=${value}`))).toEqual([]);
  });

  it("never ends this process or what merely shares its group", async () => {
    const env = { PATH: process.env["PATH"] ?? "", [NAME]: value };
    const marked = spawn("sleep", ["1000"], { env, stdio: "ignore" });
    const bystander = spawn("sleep", ["1000"], { stdio: "ignore" });
    started.add(marked.pid ?? 0).add(bystander.pid ?? 0);
    const { found } = await end();
    expect(found.map(({ pid }) => pid)).toEqual([marked.pid]);
    expect(readProcess(bystander.pid ?? 0)).not.toBeNull();
  });
});
