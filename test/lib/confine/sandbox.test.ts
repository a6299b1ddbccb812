import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { foldersOf } from "../../../src/lib/confine/mounts.ts";
import { findSandbox, sandboxArgv } from "../../../src/lib/confine/sandbox.ts";
import { commandOf, listProcesses } from "../../../src/lib/processes/proc.ts";
import { canSandbox, IS_ROOT } from "../../support/confine.ts";

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-confine-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function refusedAsItMust(): Promise<boolean> {
  if (canSandbox()) return false;
  expect(IS_ROOT).toBe(false);
  await expect(findSandbox({ prefix: [], network: false })).rejects.toThrow("can't make a sandbox here");
  return true;
}

it("ends with the process that has started it, also where that is killed", async () => {
  if (await refusedAsItMust()) return;
  const dir = await folder();
  const programs = await findSandbox({ prefix: [], network: true });
  const plan = { network: true, cwd: dir, write: [dir], read: [], empty: [], hide: [] };
  const argv = [...sandboxArgv(programs, plan), "sh", "-c", "touch ready; sleep 1000; :", dir];
  const starter = spawn("sh", ["-c", '"$@" & wait', "sh", ...argv], { stdio: "ignore" });
  const left = (): string[] =>
    listProcesses()
      .map(({ pid }) => commandOf(pid))
      .filter((command) => command.includes("touch ready") && command.endsWith(dir));
  await vi.waitFor(() => readFile(join(dir, "ready")), { timeout: 10_000 });
  expect(left()).not.toEqual([]);
  starter.kill("SIGKILL");
  await once(starter, "exit");
  await vi.waitUntil(() => left().length === 0, { timeout: 10_000 });
});

it("does not show a hidden file that is replaced meanwhile, and a link does not lead around it", async () => {
  if (await refusedAsItMust()) return;
  const dir = await folder();
  const work = join(dir, "work");
  await mkdir(join(dir, "etc"));
  await mkdir(work);
  await writeFile(join(dir, "etc/secret"), "old");
  await writeFile(join(dir, "etc/other"), "new");
  await symlink("etc/secret", join(dir, "link"));
  const programs = await findSandbox({ prefix: [], network: true });
  const hide = foldersOf([join(dir, "link")], [work, dir]);
  const plan = { network: true, cwd: work, write: [work], read: [dir], empty: [], hide };
  const script =
    'touch ready; until [ -e go ]; do sleep 0.05; done; cat "$1/link" "$1/etc/secret" || echo hidden';
  const [file, ...args] = sandboxArgv(programs, plan);
  const child = spawn(file, [...args, "sh", "-c", script, "sh", dir]);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await vi.waitFor(() => readFile(join(work, "ready")), { timeout: 10_000 });
  spawn("mv", [join(dir, "etc/other"), join(dir, "etc/secret")]).on(
    "exit",
    () => void writeFile(join(work, "go"), ""),
  );
  await once(child, "close");
  expect(output).toBe("hidden\n");
});
