import { execFileSync } from "node:child_process";
import { chmod } from "node:fs/promises";
import { commandOf, listProcesses } from "../../src/lib/processes/proc.ts";
import { createWorld, type World } from "./world.ts";

/** Whether tests may become other accounts. */
export const IS_ROOT = process.getuid?.() === 0;

/** In every Debian; may do nothing. */
export const USER = "nobody";
export const UID = 65_534;

/** Asks bubblewrap itself, not our code: true where this machine lets it make the namespaces that a sandbox needs. */
export function canSandbox(prefix: readonly string[] = []): boolean {
  const namespaces = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"];
  const mounts = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"];
  const argv = [...prefix, "bwrap", ...namespaces, ...mounts, "--", "true"];
  const [file = "", ...args] = argv;
  try {
    execFileSync(file, args, { stdio: "ignore", cwd: "/" });
    return true;
  } catch {
    return false;
  }
}

/** A world whose folder other accounts may pass, as they may /srv or /var/lib. `DIR`, `/DIR` where it has to be absolute, becomes that folder. */
export async function passableWorld(settings: string): Promise<World> {
  const world = await createWorld({ settings });
  await chmod(world.dir, 0o711);
  await world.configure(settings.replaceAll(/\/?DIR/g, world.dir));
  world.work();
  return world;
}

interface Ran {
  readonly outcome: string | null;
  readonly reason: string | null;
  /** One line each. */
  readonly log: string;
}

export async function runAction(world: World, action = "deploy"): Promise<Ran> {
  const { id } = await world.app.startAction({ action, params: {}, by: "test" });
  const { outcome, reason } = await world.ended(id);
  return { outcome, reason, log: (await world.lines(id)).join("\n") };
}

/** The shells that loop for ever and have the folder as their last argument. */
export const loopsIn = (folder: string): string[] =>
  listProcesses()
    .map(({ pid }) => commandOf(pid))
    .filter((command) => command.includes("while :;") && command.endsWith(folder));
