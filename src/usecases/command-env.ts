import type { Account } from "../lib/confine/account.ts";

export { RUN_MARKER, STEP_MARKER, TASK_MARKER } from "../domain/process-marks.ts";

/** What commands get of the server's own environment: never its secrets. */
const INHERITED = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  // So that git can use the agent of the account that the server runs under.
  "SSH_AUTH_SOCK",
];

export interface Inheritor {
  /** That the commands run as; null: the server's. */
  readonly account: Account | null;
  readonly sandboxed: boolean;
}

export function inheritedEnv(
  from: NodeJS.ProcessEnv,
  { account, sandboxed }: Inheritor,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = from[name];
    const isLeftOut = OF_ACCOUNT.has(name) && (account !== null || sandboxed);
    if (value !== undefined && !isLeftOut) env[name] = value;
  }
  if (account === null) return env;
  const { name, home, shell } = account;
  return { ...env, HOME: home, USER: name, LOGNAME: name, SHELL: shell };
}

/** An agent's keys, and a folder, that are the server's account's alone. */
const OF_ACCOUNT: ReadonlySet<string> = new Set(["SSH_AUTH_SOCK", "TMPDIR"]);

/** `sha` becomes `HOOKWRIGHT_PARAM_SHA`. */
export function paramsEnv(params: Readonly<Record<string, string>>): Record<string, string> {
  const toName = (name: string): string =>
    `HOOKWRIGHT_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [toName(name), value]));
}
