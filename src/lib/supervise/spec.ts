import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** What a supervisor keeps running. */
export const specSchema = z.object({
  release: z.string(),
  argv: z.tuple([z.string()], z.string()),
  cwd: z.string(),
  /** The whole environment, `PORT` in it. */
  env: z.record(z.string(), z.string()),
  port: z.int(),
  /** The app's output goes here. */
  log: z.string(),
  /** Between SIGTERM and SIGKILL. */
  graceMs: z.number(),
});
export type AppSpec = z.infer<typeof specSchema>;

/** What a supervisor tells of itself. */
export const stateSchema = z.object({
  /** Of the supervisor: pid and start, see identityOf. */
  supervisor: z.string(),
  /** Of the app's process, which leads its group; null while it waits to start it again. */
  child: z.string().nullable(),
  /** Since the supervisor began. */
  restarts: z.int(),
  /** How the app ended last: `exit code 1`, `SIGSEGV`. */
  lastExit: z.string().nullable(),
});
export type SupervisorState = z.infer<typeof stateSchema>;

/** Files of one app's supervisors; `dir` is the app's folder. */
export const runIn = (dir: string): string => join(dir, "run");
export const specFile = (dir: string, port: number): string => join(runIn(dir), `${port}.json`);
export const stateFileOf = (spec: string): string => spec.replace(/\.json$/, ".state.json");

/** Which port is in use, and where a switch to another was under way. */
export const portsSchema = z.object({
  active: z.int().nullable(),
  switchingTo: z.int().nullable(),
});
export type Ports = z.infer<typeof portsSchema>;
const portsFile = (dir: string): string => join(runIn(dir), "ports.json");

export const readPorts = async (dir: string): Promise<Ports> =>
  (await readJson(portsFile(dir), portsSchema)) ?? { active: null, switchingTo: null };
export const writePorts = (dir: string, ports: Ports): Promise<void> => writeJson(portsFile(dir), ports);

/** Null when the file is not there, or not what it should be (a machine that lost power). */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null;
  }
}

/** For this account alone: there may be secrets in an app's environment. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
