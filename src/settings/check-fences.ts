import { isAbsolute, relative } from "node:path";
import { type Action, sandboxOf, type StepDefinition, userOf } from "../domain/action.ts";
import type { KeyPath, Report } from "./problems.ts";

/** Kinds whose files are the server's own work, so that a user or a sandbox would not be what it looks like. */
const BY_SERVER: ReadonlySet<string> = new Set(["release", "tarball"]);
/** Kinds that run commands of the settings or of a repository. */
const WITH_COMMANDS: ReadonlySet<string> = new Set(["run", "shell", "git", "revert", ...BY_SERVER]);

export interface ServerFolders {
  /** Of the settings file. */
  readonly dir: string;
  /** No sandbox shows it. */
  readonly dataDir: string;
  /** In there, but for these. */
  readonly open: readonly string[];
}

/** Reports users and sandboxes that would not be what they look like. */
export function checkFences(
  actions: Readonly<Record<string, Action>>,
  folders: ServerFolders,
  report: Report,
): void {
  for (const action of Object.values(actions)) {
    const path = ["actions", action.name];
    checkPaths(action, { path, folders, report });
    for (const [index, step] of action.steps.entries()) {
      const place = { path: [...path, "steps", index], folders, report };
      checkStep(action, step, place);
      if (step.undo !== null) checkStep(action, step.undo, { ...place, path: [...place.path, "undo"] });
    }
  }
}

interface Place {
  readonly path: KeyPath;
  readonly folders: ServerFolders;
  readonly report: Report;
}

function checkStep(action: Action, step: StepDefinition, place: Place): void {
  const { path, report } = place;
  const { kind, sandbox } = step;
  const user = userOf(action, step);
  if (BY_SERVER.has(kind) && user !== null) {
    const message = `${kind} makes its files as the server's account, so it can't run as ${user}; give \`user\` to the steps that need it, with a workdir of that account`;
    report({ path, message });
  }
  if (BY_SERVER.has(kind) && sandboxOf(action, step) !== null) {
    report({ path, message: `${kind} works outside of a sandbox; say \`sandbox: false\` for it` });
  }
  if (sandbox !== null && sandbox !== false && !WITH_COMMANDS.has(kind)) {
    report({ path: [...path, "sandbox"], message: `${kind} runs no commands that a sandbox could hold` });
  }
  checkPaths({ ...step, workdir: step.workdir ?? action.workdir }, place);
}

function checkPaths({ sandbox, workdir }: Pick<StepDefinition, "sandbox" | "workdir">, place: Place): void {
  const { path, folders, report } = place;
  if (sandbox === null || sandbox === false) return;
  // A step's own may be relative to its action's, which is looked at by itself.
  const places = workdir !== null && isAbsolute(workdir) ? [workdir] : [];
  for (const each of [...sandbox.read, ...sandbox.write, ...places]) {
    const problem = problemWith(each, folders);
    if (problem !== null) report({ path: [...path, "sandbox"], message: problem });
  }
}

function problemWith(path: string, { dir, dataDir, open }: ServerFolders): string | null {
  if (path === "/") return "/ can be read as it is, and can't be written to";
  if (path === dir) return `${path} holds the settings file, which no sandbox shows; use a folder in it`;
  const isOpen = open.some((each) => path !== each && isIn(path, each));
  if (!isIn(path, dataDir) || isOpen) return null;
  return `${path} is in the server's data folder, which no sandbox shows; use another folder`;
}

const isIn = (path: string, folder: string): boolean => relative(folder, path).split("/")[0] !== "..";
