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

export function inheritedEnv(from: NodeJS.ProcessEnv): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = from[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** `sha` becomes `HOOKWRIGHT_PARAM_SHA`. */
export function paramsEnv(params: Readonly<Record<string, string>>): Record<string, string> {
  const toName = (name: string): string =>
    `HOOKWRIGHT_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [toName(name), value]));
}
