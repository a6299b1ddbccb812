import { spawn } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import { endOrphanedLaunchers } from "../../../src/lib/processes/orphaned-launchers.ts";
import { commandOf, listProcesses, readProcess } from "../../../src/lib/processes/proc.ts";

const LAUNCHER = new URL("../../../src/lib/processes/launcher.ts", import.meta.url).href;
const started: number[] = [];

afterEach(() => {
  for (const pid of started.splice(0)) if (readProcess(pid) !== null) process.kill(pid, "SIGKILL");
});

/** A process that starts commands, as a server does, and its launcher. */
async function startServer(): Promise<{ server: number; launcher: number }> {
  const code = `import { prepareLauncher } from ${JSON.stringify(LAUNCHER)}; prepareLauncher(); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "ignore" });
  const server = child.pid ?? 0;
  const launcher = await vi.waitFor(
    () => {
      const found = listProcesses().find(
        ({ parent, pid }) => parent === server && commandOf(pid).includes("launcher-process"),
      );
      if (found === undefined) throw new Error("no launcher yet");
      return found.pid;
    },
    { timeout: 20_000 },
  );
  started.push(server, launcher);
  return { server, launcher };
}

describe("a launcher whose server is dead", () => {
  it("is ended also when it has not noticed yet, and that of a living server is not", async () => {
    const dead = await startServer();
    const living = await startServer();
    // It can't notice anything any more.
    process.kill(dead.launcher, "SIGSTOP");
    process.kill(dead.server, "SIGKILL");
    await vi.waitUntil(() => readProcess(dead.server) === null);
    expect(readProcess(dead.launcher)).not.toBeNull();
    expect(await endOrphanedLaunchers()).toBeGreaterThan(0);
    expect(readProcess(dead.launcher)).toBeNull();
    expect(readProcess(living.launcher)).not.toBeNull();
  });
});
