import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { StepDefinition } from "../../../domain/action.ts";
import { type Check, type Finding, ok, problem, warning } from "../finding.ts";

/** The oldest git that is tried; older ones lack `protocol.file.allow` and fixes of how submodules are cloned. */
const OLDEST_GIT = [2, 38, 1] as const;

/** Node, git, and what the steps call. */
export const checkPrograms: Check = async ({ settings, env }) => [
  ok(`Node ${process.version}`),
  await checkGit(),
  ...(await checkCommands(
    Object.values(settings.actions).flatMap(({ steps }) => steps),
    env,
  )),
];

async function checkGit(): Promise<Finding> {
  const { execa } = await import("execa");
  const { failed, stdout } = await execa("git", ["--version"], { reject: false, timeout: 10_000 });
  const install = "Install it (Debian, Ubuntu: apt install git)";
  if (failed) return problem("There is no git in PATH, which clones and fetches need", install);
  const version = /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? "0";
  const numbers = version.split(".").map(Number);
  const at = OLDEST_GIT.findIndex((wanted, index) => (numbers[index] ?? 0) !== wanted);
  const isOld = at !== -1 && (numbers[at] ?? 0) < (OLDEST_GIT[at] ?? 0);
  if (!isOld) return ok(`git ${version}`);
  return warning(`git ${version} is older than ${OLDEST_GIT.join(".")}`, "Bring it up to date");
}

/** What a step of the kind calls beside what its settings name. */
const OF_RUNTIME: Readonly<Record<string, string>> = { systemd: "systemctl", "docker-compose": "docker" };

function programsOf({ kind, options }: StepDefinition): string[] {
  const found: unknown[] = [];
  if (kind === "run") found.push(Array.isArray(options) ? options[0] : pick(pick(options, "argv"), 0));
  if (kind === "release") {
    const runtime = pick(options, "runtime");
    found.push(typeof runtime === "string" ? OF_RUNTIME[runtime] : undefined);
    found.push(pick(pick(options, "restart"), 0), pick(pick(options, "run"), 0));
    if (pick(pick(options, "switch"), "nginx") !== undefined) found.push("nginx");
  }
  return found.filter((each): each is string => typeof each === "string" && isSearched(each));
}

/** A path is of the step's folder, which may be there only when it runs. */
const isSearched = (program: string): boolean => !program.includes("/") && !program.includes("${{");

const pick = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;

async function checkCommands(steps: readonly StepDefinition[], env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const withUndos = steps.flatMap((step) => (step.undo === null ? [step] : [step, step.undo]));
  // An action or a step with a PATH of its own is looked up there when it runs.
  const programs = [...new Set(withUndos.filter((step) => !("PATH" in step.env)).flatMap(programsOf))];
  const missing: string[] = [];
  for (const program of programs) if (!(await isInPath(program, env["PATH"] ?? ""))) missing.push(program);
  if (missing.length > 0) {
    const fix = "Install them, or give the steps a PATH by `env`; the server's PATH counts, not yours";
    return [warning(`Steps call what is not in PATH: ${missing.toSorted().join(", ")}`, fix)];
  }
  return programs.length === 0 ? [] : [ok(`In PATH: ${programs.toSorted().join(", ")}`)];
}

async function isInPath(program: string, path: string): Promise<boolean> {
  for (const dir of path.split(delimiter)) {
    const found = await access(join(dir, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
