import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMasker } from "../../../src/lib/masking.ts";
import { readProcess } from "../../../src/lib/processes/proc.ts";
import { CommandStartError } from "../../../src/lib/processes/start-failure.ts";
import { runCommand, type RunCommandOptions } from "../../../src/lib/processes/run-command.ts";

let dir = "";
const pids: number[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-run-"));
});
afterEach(async () => {
  for (const pid of pids.splice(0)) if (readProcess(pid) !== null) process.kill(pid, "SIGKILL");
  await rm(dir, { recursive: true, force: true });
});

const PATH = process.env["PATH"] ?? "";

async function run(argv: readonly string[], options: Partial<RunCommandOptions> = {}) {
  const lines: string[] = [];
  const onLine = (stream: string, line: string): number => lines.push(`${stream}: ${line}`);
  const signal = new AbortController().signal;
  const end = await runCommand({ argv, cwd: dir, env: { PATH }, signal, graceMs: 2_000, onLine, ...options });
  return { ...end, lines };
}

const sh = (script: string, options: Partial<RunCommandOptions> = {}) => run(["sh", "-c", script], options);
const fileOf = (name: string): Promise<string> =>
  vi.waitFor(() => readFile(join(dir, name), "utf8"), { timeout: 10_000 });

async function pidIn(name: string): Promise<number> {
  const pid = Number(await fileOf(name));
  pids.push(pid);
  return pid;
}

describe("runCommand", () => {
  it("gives the output line by line and how it ended", async () => {
    const end = await sh("echo one; printf two; echo wrong >&2; exit 3");
    expect(end).toMatchObject({ exitCode: 3, signal: null, stdout: "" });
    expect(end.lines.toSorted()).toEqual(["stderr: wrong", "stdout: one", "stdout: two"]);
  });

  it("tells the signal that ended it", async () => {
    expect(await sh("kill -KILL $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });

  it("runs it in its folder, with exactly its environment and arguments", async () => {
    const end = await run(
      ["sh", "-c", 'pwd; echo "$1"; env | grep -v "^_=\\|^PWD=\\|^SHLVL="', "-", "$(id) *"],
      {
        env: { PATH, ONLY: "this" },
      },
    );
    expect(end.lines.map((line) => line.slice(8)).toSorted()).toEqual(
      [dir, "$(id) *", "ONLY=this", `PATH=${PATH}`].toSorted(),
    );
  });

  it("gives the command a session and group of its own", async () => {
    const end = await sh("read -r pid rest < /proc/self/stat; cut -d' ' -f1,5,6 /proc/$$/stat", {
      captureBytes: 99,
    });
    const [pid, group, session] = end.stdout.trim().split(" ");
    expect([group, session]).toEqual([pid, pid]);
  });

  it("writes the input; without one standard input is empty", async () => {
    const input = "x".repeat(300_000);
    expect((await run(["wc", "-c"], { input })).lines).toEqual(["stdout: 300000"]);
    expect((await run(["wc", "-c"])).lines).toEqual(["stdout: 0"]);
    expect(await run(["true"], { input })).toMatchObject({ exitCode: 0 });
  });

  it("keeps so many bytes of stdout, and never half a character", async () => {
    expect((await sh("printf aé; printf é", { captureBytes: 4 })).stdout).toBe("aé");
    expect((await sh("echo no >&2; echo yes", { captureBytes: 100 })).stdout).toBe("yes\n");
  });

  it("gives all of a large output", async () => {
    const { lines } = await sh("seq 1 50000");
    expect(lines.length).toBe(50_000);
    expect(lines.at(-1)).toBe("stdout: 50000");
  });

  it("masks a secret that comes in two writes", async () => {
    const masker = createMasker(["hunter22"]);
    const end = await sh("printf 'it is hunt'; sleep 0.05; echo er22", { masker, captureBytes: 100 });
    expect(end).toMatchObject({ lines: ["stdout: it is ***"], stdout: "it is hunter22\n" });
  });

  it("does not wait for a background process that keeps the output open", async () => {
    const end = await sh("sleep 1000 & echo $! > child; echo done");
    const child = await pidIn("child");
    expect(end).toMatchObject({ exitCode: 0, lines: ["stdout: done"] });
    expect(readProcess(child)).not.toBeNull();
  });

  it("ends the whole group when aborted, and rejects with the reason", async () => {
    const controller = new AbortController();
    const running = sh("sleep 1000 & echo $! > child.tmp; mv child.tmp child; wait", {
      signal: controller.signal,
    });
    const child = await pidIn("child");
    controller.abort(new Error("cancelled by Ada"));
    await expect(running).rejects.toThrow("cancelled by Ada");
    await vi.waitFor(() => expect(readProcess(child)).toBeNull());
  });

  it("lets a command that handles SIGTERM end by itself", async () => {
    const controller = new AbortController();
    const script = "trap 'echo bye > bye; exit 0' TERM; touch ready; while :; do sleep 0.02; done";
    const running = sh(script, { signal: controller.signal, graceMs: 60_000 });
    await fileOf("ready");
    controller.abort(new Error("stop"));
    await expect(running).rejects.toThrow("stop");
    expect(existsSync(join(dir, "bye"))).toBe(true);
  });

  it("kills a command that ignores SIGTERM, and rejects only then", async () => {
    const controller = new AbortController();
    const running = sh("trap '' TERM; echo $$ > pid.tmp; mv pid.tmp pid; while :; do sleep 0.02; done", {
      signal: controller.signal,
      graceMs: 50,
    });
    const pid = await pidIn("pid");
    controller.abort(new Error("stop"));
    await expect(running).rejects.toThrow("stop");
    expect(readProcess(pid)).toBeNull();
  });

  it("starts nothing when it is aborted already", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(sh("touch started", { signal })).rejects.toThrow("too late");
    expect(existsSync(join(dir, "started"))).toBe(false);
  });

  it.each([
    [["no-such-program"], {}, /there is no no-such-program in PATH/],
    [["/no/such/program"], {}, /there is no \/no\/such\/program/],
    [["/etc/passwd"], {}, /not executable/],
    [["true"], { cwd: "/no/such/folder" }, /its folder \/no\/such\/folder doesn't exist/],
    [["true"], { cwd: "/etc/passwd" }, /\/etc\/passwd is not a folder/],
    [[""], {}, /the command is empty/],
    [["true", "a\0b"], {}, /null bytes/],
    [["true", "x".repeat(3_000_000)], {}, /longer than the system allows/],
  ] as const)("says why %j can't be started", async (argv, options, message) => {
    const failed = run([...argv], options);
    await expect(failed).rejects.toThrow(CommandStartError);
    await expect(failed).rejects.toThrow(message);
  });

  it("names the interpreter line as a cause", async () => {
    await writeFile(join(dir, "script"), "#!/no/such/interpreter\n", { mode: 0o755 });
    await expect(run(["./script"])).rejects.toThrow("or what its first line names");
  });
});
