import { realpathSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";

/** All paths absolute. */
export interface MountPlan {
  /** Folders that may be written to, and files. */
  readonly write: readonly string[];
  /** What may be read although it lies in something that is empty or hidden. */
  readonly read: readonly string[];
  /** Folders that are empty unless `read` or `write` says otherwise. */
  readonly empty: readonly string[];
  /** What must not be seen, whatever lies there. */
  readonly hide: readonly string[];
}

/** Empty for each command, and gone with it. What is in /run are mostly sockets, by which others do things for those who ask. */
const PRIVATE = ["/tmp", "/var/tmp", "/run"];
/** Names are resolved by it where /etc/resolv.conf leads there. */
const RESOLVER = "/run/systemd/resolve";

/** Of these root may write some without any capability, and be root outside by it; not each bubblewrap closes them. */
const KERNEL = ["sys", "sysrq-trigger", "irq", "bus", "fs", "mtrr"].map((name) => `/proc/${name}`);

const BASE = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"];

type Mount = readonly [path: string, rank: number, ...argv: string[]];

/** Arguments of bubblewrap: everything read-only, but for what is said. */
export function mountArgs({
  write,
  read,
  empty,
  hide,
  network,
}: MountPlan & { readonly network: boolean }): string[] {
  const mounts: Mount[] = [
    ...[...PRIVATE, ...empty]
      .map(realPath)
      .filter(isClosable)
      .map((path): Mount => [path, 0, "--tmpfs", path]),
    ...(network ? [[RESOLVER, 1, "--ro-bind-try", RESOLVER, RESOLVER] as const] : []),
    ...read.map(realPath).map((path): Mount => [path, 1, "--ro-bind", path, path]),
    ...write.map(realPath).map((path): Mount => [path, 2, "--bind", path, path]),
    // Last among equals: a secret stays one.
    ...hide.map(realPath).flatMap(hidden),
  ];
  // What lies deeper counts more: a folder for writing in a hidden one, a secret in a folder for writing.
  const sorted = mounts.toSorted((a, b) => depth(a[0]) - depth(b[0]) || a[1] - b[1]);
  return [
    ...BASE,
    ...KERNEL.flatMap((path) => ["--ro-bind-try", path, path]),
    ...sorted.flatMap(([, , ...argv]) => argv),
  ];
}

function hidden(path: string): Mount[] {
  const stats = statOf(path);
  if (stats === null) return [];
  return [stats.isDirectory() ? [path, 3, "--tmpfs", path] : [path, 3, "--ro-bind", "/dev/null", path]];
}

/**
 * Hides files by the folders they are in: one that is replaced while a command runs would be there again. Not by a folder that
 * is the system's, or that has to be seen (`seen`): there the files alone are hidden.
 */
export function foldersOf(files: readonly string[], seen: readonly string[]): string[] {
  const open = new Set(seen.map(realPath));
  return files.flatMap((file) => {
    const folders = [dirname(file), dirname(realPath(file))].map(realPath);
    return [file, ...folders.filter((folder) => isClosable(folder) && !open.has(folder))];
  });
}

/** Whose content others need, or which hold such folders. */
const SHARED: ReadonlySet<string> = new Set(
  ["", "boot", "etc", "home", "media", "mnt", "opt", "run", "srv", "tmp", "var"].map((name) => `/${name}`),
);
const SYSTEM = /^\/(?:bin|dev|lib[^/]*|proc|sbin|sys|usr)(?:\/|$)/;

/** True of a folder that is there and that nothing but its own things is in. */
function isClosable(path: string): boolean {
  if (PRIVATE.includes(path)) return true;
  return !SHARED.has(path) && !SYSTEM.test(path) && statOf(path)?.isDirectory() === true;
}

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;

/** Nothing can be mounted behind a link. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
