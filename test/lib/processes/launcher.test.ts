import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { launch } from "../../../src/lib/processes/launcher.ts";
import { commandOf, listProcesses, readProcess } from "../../../src/lib/processes/proc.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-launcher-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const env = { PATH: process.env["PATH"] ?? "" };
const start = (script: string) => launch({ argv: ["sh", "-c", script], cwd: dir, env }, () => undefined);
const launchers = (parent: number): number[] =>
  listProcesses()
    .filter((info) => info.parent === parent && commandOf(info.pid).includes("launcher-process"))
    .map(({ pid }) => pid);

describe("the launcher", () => {
  it("is one process, however many commands it starts", async () => {
    await Promise.all(Array.from({ length: 5 }, () => start("exit 0").ended));
    expect(launchers(process.pid)).toHaveLength(1);
  });

  it("when it dies, the commands under way fail and the next ones get another", async () => {
    const { ended } = start("echo > ready; sleep 1000");
    const failure = ended.catch((error: unknown) => error);
    await vi.waitFor(() => readFile(join(dir, "ready")));
    const [pid = 0] = launchers(process.pid);
    process.kill(pid, "SIGKILL");
    expect(String(await failure)).toContain("the process that starts commands is gone");
    await expect(start("exit 7").ended).resolves.toMatchObject({ exitCode: 7 });
    expect(launchers(process.pid)).not.toContain(pid);
  });

  it("is not stopped by signals that are meant for the server", async () => {
    const { ended } = start("echo > ready; while [ ! -e go ]; do sleep 0.02; done; exit 5");
    await vi.waitFor(() => readFile(join(dir, "ready")));
    const [pid = 0] = launchers(process.pid);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(pid, signal);
    await start("echo > go").ended;
    await expect(ended).resolves.toMatchObject({ exitCode: 5 });
  });

  it("ends with the process that it belongs to, also when that is killed, and leaves the commands running", async () => {
    const module = join(import.meta.dirname, "../../../src/lib/processes/launcher.ts");
    const script = `import { launch } from ${JSON.stringify(module)};
      launch({ argv: ["sh", "-c", "echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 1000"], cwd: ${JSON.stringify(dir)}, env: process.env }, () => undefined);`;
    const owner = execa(process.execPath, ["--input-type=module", "--eval", script], { reject: false });
    const command = Number(await vi.waitFor(() => readFile(join(dir, "pid"), "utf8"), { timeout: 20_000 }));
    const [pid = 0] = launchers(owner.pid ?? 0);
    expect(readProcess(pid)).not.toBeNull();
    owner.kill("SIGKILL");
    await vi.waitFor(() => expect(readProcess(pid)).toBeNull(), { timeout: 20_000 });
    expect(readProcess(command)).not.toBeNull();
    process.kill(command, "SIGKILL");
  });

  it("keeps a process alive no longer than its commands run", async () => {
    const module = join(import.meta.dirname, "../../../src/lib/processes/launcher.ts");
    const script = `import { launch } from ${JSON.stringify(module)};
      await launch({ argv: ["true"], cwd: "/", env: process.env }, () => undefined).ended; console.log("done");`;
    const { stdout, exitCode } = await execa(process.execPath, ["--input-type=module", "--eval", script]);
    expect([stdout, exitCode]).toEqual(["done", 0]);
  });
});
