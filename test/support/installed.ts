import { spawnSync } from "node:child_process";

/** Whether a program is there; `.ci/run` installs all that the tests know how to use. */
export const isInstalled = (program: string): boolean =>
  spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
