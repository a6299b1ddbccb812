import { findProgram, tryCommand } from "./programs.ts";
import { type MountPlan, mountArgs, realPath } from "./mounts.ts";

/** Why commands can't run in a sandbox, for people. */
export class SandboxProblem extends Error {
  override readonly name = "SandboxProblem";
}

/** What a command sees and may do; all paths absolute. */
export interface SandboxPlan extends MountPlan {
  readonly network: boolean;
  /** Where it begins. */
  readonly cwd: string;
}

/** What bubblewrap is called by. */
export interface SandboxPrograms {
  readonly bwrap: string;
  readonly env: string;
}

const OWN = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"];

/**
 * Stands before an argv. The command has processes, mounts, and (by `network`) a network of its own and no capabilities; all of
 * it ends with it, or with the process that has started it. Its environment stays, and with it the mark in it.
 *
 * Its process group gets SIGTERM when it is to end, which bubblewrap's own two processes have to survive: else what is in
 * there would have no time to end well. No session of its own (`--new-session`): the launcher has made one already, without
 * a terminal to push keys into, and the group is what gets the signal.
 */
export function sandboxArgv(
  { bwrap, env }: SandboxPrograms,
  { network, cwd, ...mounts }: SandboxPlan,
): [string, ...string[]] {
  return [
    env,
    "--ignore-signal=TERM",
    bwrap,
    "--die-with-parent",
    ...OWN,
    ...(network ? [] : ["--unshare-net"]),
    ...mountArgs({ ...mounts, network }),
    "--chdir",
    realPath(cwd),
    "--",
    env,
    "--default-signal=TERM",
  ];
}

/** What has been seen to work, by what stands before it. */
const proven = new Set<string>();

export interface SandboxNeeds {
  /** What makes another account of a command. */
  readonly prefix: readonly string[];
  readonly network: boolean;
}

/** Rejects with SandboxProblem where there is no bubblewrap, or it may not do what is needed. */
export async function findSandbox({ prefix, network }: SandboxNeeds): Promise<SandboxPrograms> {
  const bwrap = await findProgram("bwrap");
  if (bwrap === null) {
    throw new SandboxProblem("there is no bubblewrap (bwrap) on this machine: apt install bubblewrap");
  }
  const programs = { bwrap, env: (await findProgram("env")) ?? "env" };
  const key = JSON.stringify([prefix, network]);
  if (proven.has(key)) return programs;
  const argv = sandboxArgv(programs, { network, cwd: "/", write: [], read: [], empty: [], hide: [] });
  const tried = await tryCommand([...prefix, ...argv, "/bin/sh", "-c", "exit 0"]);
  if (!tried.ok) {
    throw new SandboxProblem(
      `bubblewrap can't make a sandbox here: ${tried.said}. User namespaces have to be allowed (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns), and in a container namespaces at all (docs/hardening.md)`,
    );
  }
  proven.add(key);
  return programs;
}
