import { lstat, mkdir, readdir, realpath } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { linkShared, releaseIn, releasesIn } from "../../lib/releases/folders.ts";
import { commandFailure, type StepContext } from "../step.ts";
import { failure } from "./failure.ts";
import type { ReleaseOptions } from "./options.ts";
import { messageOf } from "../../lib/message-of.ts";

export interface MakeInput {
  readonly options: ReleaseOptions;
  /** The app's folder. */
  readonly dir: string;
  readonly id: string;
  readonly context: StepContext;
}

/** Fills a new release: the copy, the shared paths, the build. Resolves with its folder. */
export async function makeRelease(input: MakeInput): Promise<string> {
  const { options, dir, id, context } = input;
  const folder = releaseIn(dir, id);
  await copyFiles(input, folder);
  for (const path of options.shared) {
    await linkShared(dir, id, path).catch((error: unknown) => {
      throw failure(`The shared path ${path}: ${messageOf(error)}`, error);
    });
  }
  for (const argv of options.build) {
    const result = await context.command({ argv, cwd: folder, env: { HOOKWRIGHT_RELEASE: id } });
    if (result.exitCode !== 0) throw commandFailure(argv, result);
  }
  return folder;
}

/** A child process copies: it ends with the task, and keeps modes, times and links. */
async function copyFiles({ options, dir, context }: MakeInput, folder: string): Promise<void> {
  const from = await sourceFolder(options, context);
  await mkdir(releasesIn(dir), { recursive: true });
  refuseWithin(from, await realpath(dir));
  const left = new Set(options.exclude);
  const names = (await readdir(from)).filter((name) => !left.has(name));
  if (names.length === 0) throw failure(`There is nothing in ${from} to make a release of`);
  await mkdir(folder);
  const argv = ["cp", "-a", "--", ...names.map((name) => join(from, name)), folder] as const;
  const result = await context.command({ argv: [...argv], quiet: true });
  if (result.exitCode !== 0) throw commandFailure(["cp", "-a", from, folder], result);
  context.log(`Copied ${from} to ${folder}`);
}

async function sourceFolder({ from }: ReleaseOptions, { workdir }: StepContext): Promise<string> {
  const folder = resolve(workdir, from);
  const stats = await lstat(folder).catch(() => null);
  if (stats === null || !(stats.isDirectory() || stats.isSymbolicLink())) {
    throw failure(`There is no folder ${folder} to make a release of`);
  }
  return realpath(folder);
}

/** A copy that holds itself would never end. */
function refuseWithin(from: string, dir: string): void {
  if (dir !== from && !dir.startsWith(from.endsWith(sep) ? from : from + sep)) return;
  throw failure(
    `The app's folder ${dir} is within ${from}, which a release is to be a copy of; give \`dir\` or \`from\` another folder`,
  );
}

/** HEAD of the work tree that the release comes from; null where it is none. */
export async function commitOf(options: ReleaseOptions, context: StepContext): Promise<string | null> {
  if (options.commit !== undefined) return options.commit === "" ? null : options.commit;
  const from = await sourceFolder(options, context);
  if ((await lstat(join(from, ".git")).catch(() => null)) === null) return null;
  const result = await context.command({
    argv: ["git", "rev-parse", "--verify", "-q", "HEAD"],
    cwd: from,
    quiet: true,
    captureBytes: 100,
  });
  return result.exitCode === 0 ? result.stdout.trim() : null;
}
