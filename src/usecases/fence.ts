import { mkdir } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import type { Sandbox } from "../domain/action.ts";
import { AppError, type ErrorCode } from "../domain/errors.ts";
import { type AsUser, asUser, ownPrefix, UserProblem } from "../lib/confine/as-user.ts";
import { foldersOf } from "../lib/confine/mounts.ts";
import { foldersBetween, ownFolderProblem } from "../lib/confine/own-folder.ts";
import { findSandbox, sandboxArgv, SandboxProblem } from "../lib/confine/sandbox.ts";
import { reachable, userFolderProblem } from "../lib/confine/user-folder.ts";
import { containedFolder } from "../lib/contained-folder.ts";
import type { Argv, ConfineInput, Confinement } from "./confinement.ts";

type Place = Omit<ConfineInput, "definition">;

export interface Fences {
  readonly user: string | null;
  readonly sandbox: Sandbox | null;
}

/** Rejects as `confine` does. */
export async function fence(place: Place, { user, sandbox }: Fences): Promise<Confinement> {
  try {
    await makeBase(place);
    const as = user === null ? null : await asUser(user);
    const prefix = as?.prefix ?? (await ownPrefix());
    const walls = sandbox === null ? null : await openSandbox(place, { sandbox, as, prefix });
    return {
      account: as?.account ?? null,
      sandboxed: sandbox !== null,
      confined: sandbox !== null || as?.foreign === true,
      argv: (argv, cwd) => before([...prefix, ...(walls?.(cwd) ?? [])], argv),
      appArgv: (argv) => before(prefix, argv),
      makeFolder: (dir, writes) => makeFolder(place, { as, sandboxed: sandbox !== null }, { dir, writes }),
    };
  } catch (error) {
    throw toAppError(error);
  }
}

/** The folder that is kept for the action is its account's, whoever a single step runs as. */
async function makeBase({ action, settings, base }: Place): Promise<void> {
  const owner = action.user === null ? null : await asUser(action.user);
  if (owner?.foreign !== true || action.workdir !== null) {
    if (owner?.foreign !== true) await mkdir(base, { recursive: true });
    return;
  }
  const { dataDir } = settings;
  const between = foldersBetween(dataDir, base);
  const through = base.startsWith(`${dataDir}/`) ? [dataDir, ...between] : between;
  refuse(await ownFolderProblem({ as: owner, dir: base, through: [...new Set(through)] }));
}

interface Folder {
  readonly dir: string;
  readonly writes: boolean;
}

async function makeFolder(
  { base }: Place,
  { as, sandboxed }: { readonly as: AsUser | null; readonly sandboxed: boolean },
  { dir, writes }: Folder,
): Promise<void> {
  const inner = relative(base, dir);
  if (as?.foreign === true) refuse(await userFolderProblem({ as, dir, writes }));
  // What a sandbox has left there may lead elsewhere.
  else if (sandboxed && isWithin(inner)) await containedFolder(base, inner);
  else await mkdir(dir, { recursive: true });
}

const isWithin = (inner: string): boolean => !isAbsolute(inner) && inner.split("/")[0] !== "..";

interface SandboxInput {
  readonly sandbox: Sandbox;
  readonly as: AsUser | null;
  readonly prefix: readonly string[];
}

/** A sandbox for root's own commands takes its capabilities, not what files it owns. */
const OF_ROOT = ["/root", "/etc/shadow", "/etc/gshadow"];

/** What stands before an argv that is to run there, by the folder that it begins in. */
async function openSandbox(
  { action, settings, base }: Place,
  { sandbox: { network, read, write }, as, prefix }: SandboxInput,
): Promise<(cwd: string) => readonly string[]> {
  const programs = await findSandbox({ prefix, network });
  const { folders, files } = settings.privatePaths;
  const seen = [base, ...read, ...write];
  const secret = [...OF_ROOT, ...folders, ...foldersOf(files, seen)];
  const others = Object.values(settings.actions).flatMap(({ name, workdir }) =>
    name === action.name || workdir === null || isWithin(relative(base, workdir)) ? [] : [workdir],
  );
  const home = as?.account.home ?? process.env["HOME"] ?? "/";
  const hide = as?.foreign === true ? await reachable(as, secret) : secret;
  const empty = as?.foreign === true ? await reachable(as, [home, ...others]) : [home, ...others];
  return (cwd) => sandboxArgv(programs, { network, read, write: [base, ...write], empty, hide, cwd });
}

function refuse(problem: string | null): void {
  if (problem !== null) throw failure("user:folder", problem);
}

function before(prefix: readonly string[], argv: Argv): Argv {
  const [first, ...rest] = prefix;
  return first === undefined ? argv : [first, ...rest, ...argv];
}

function toAppError(error: unknown): unknown {
  if (error instanceof UserProblem) return failure(error.code, error.message, error);
  return error instanceof SandboxProblem ? failure("sandbox:unavailable", error.message, error) : error;
}

/** The code is also what others can tell the failure by: `steps.NAME.outputs.error`. */
const failure = (code: ErrorCode, message: string, cause?: Error): AppError =>
  new AppError(code, message, { cause, details: { error: code } });
