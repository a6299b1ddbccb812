import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";

const USUAL = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"];

const found = new Map<string, string>();

/**
 * Absolute path of a system's program, from the usual folders alone: never from a PATH that a step may have set. Null: there
 * is none.
 */
export async function findProgram(name: string): Promise<string | null> {
  const known = found.get(name);
  if (known !== undefined) return known;
  for (const dir of USUAL) {
    const path = join(dir, name);
    // oxlint-disable-next-line no-await-in-loop -- the first one counts
    if (!(await isExecutable(path))) continue;
    found.set(name, path);
    return path;
  }
  return null;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

export interface Tried {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it said, or why it could not be started; in one line. */
  readonly said: string;
}

const TRY_MS = 10_000;

/** Runs a short command that only finds something out, or makes a folder. Never rejects. */
export function tryCommand([file = "", ...args]: readonly string[]): Promise<Tried> {
  return new Promise((resolve) => {
    const options = { cwd: "/", env: { PATH: USUAL.join(":") }, timeout: TRY_MS };
    execFile(file, args, options, (error, stdout, stderr) => {
      const said = stderr.trim() === "" ? (error?.message ?? "") : stderr;
      resolve({ ok: error === null, stdout, said: said.trim().replaceAll(/\s*\n\s*/g, "; ") });
    });
  });
}
