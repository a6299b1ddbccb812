import { stat } from "node:fs/promises";
import { join } from "node:path";
import { LOCAL_FILES } from "../domain/local-files.ts";
import { isObject } from "./check-value.ts";
import { readDocument } from "./document.ts";
import { secretPlaceOf } from "./secret-store.ts";
import type { Settings } from "./settings.ts";

/** A file or folder that other accounts of this machine can do more with than they should. */
export interface OpenFile {
  /** Absolute. */
  readonly path: string;
  /** Its permission bits, such as 0o644. */
  readonly mode: number;
  /** What is wrong with that, in words. */
  readonly problem: string;
  /** The command that puts it right. */
  readonly fix: string;
}

/** `hookwright.yaml holds secrets …: chmod 600 …` */
export const formatOpenFile = ({ path, problem, fix }: OpenFile): string => `${path} ${problem}: ${fix}`;

/** Permission bits of group and others. */
const READ = 0o044;
const WRITE = 0o022;
const ANYBODY_WRITES = 0o002;

/**
 * Looks at what this server keeps secrets in: the settings file, the `.env` beside it, the key of the kept secrets, and the
 * data folder with the database. What is not there yet is not looked at; systems without such bits (Windows) have none.
 */
export async function findOpenFiles(settings: Settings): Promise<OpenFile[]> {
  if (process.platform === "win32") return [];
  const { file, dir, text, dataDir, store } = settings;
  const key = secretPlaceOf(text, dir).keyFile;
  const database = store.kind === "sqlite" ? [store.path, `${store.path}-wal`] : [];
  const found = await Promise.all([
    ...(file === null ? [] : [settingsFile(settings, file)]),
    look(join(dir, ".env"), { bits: READ | WRITE, problem: "can be read or changed by other accounts" }),
    look(key, { bits: READ | WRITE, problem: "opens the kept secrets, and other accounts can read it" }),
    // A project's own folder is not the server's to close; then only the files in it count.
    ...(dataDir === dir ? [] : [dataFolder(dataDir)]),
    ...[...database, join(dataDir, LOCAL_FILES.token)].map((path) => secretInData(dataDir, path)),
  ]);
  return found.filter((each) => each !== null);
}

async function settingsFile(settings: Settings, path: string): Promise<OpenFile | null> {
  const open = await look(path, {
    bits: READ | WRITE,
    problem: "holds secrets, and other accounts can read it",
  });
  // Most are closed: only of an open one is read what it holds.
  if (open === null || holdsSecrets(settings)) return open;
  return look(path, {
    bits: ANYBODY_WRITES,
    problem: "says what is run here, and every account of this machine can change it",
    fix: "o-w",
  });
}

/** Whether a secret stands there in so many words. */
function holdsSecrets({ text, secretValues }: Settings): boolean {
  const texts = textsIn(readDocument(text).document?.data);
  return secretValues.some((secret) => texts.some((each) => each.includes(secret)));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** Passing through it is no harm: steps that run as another user have their folders in there. */
const dataFolder = (path: string): Promise<OpenFile | null> =>
  look(path, { bits: READ | WRITE, problem: "holds all data, and other accounts can read it", fix: "go-rw" });

/** In a folder that others can't enter, a file's own bits don't matter. */
async function secretInData(dataDir: string, path: string): Promise<OpenFile | null> {
  if (((await modeOf(dataDir)) ?? 0) & 0o011) {
    return look(path, { bits: READ | WRITE, problem: "can be read or changed by other accounts" });
  }
  return null;
}

interface Look {
  /** Those that should not be set. */
  readonly bits: number;
  readonly problem: string;
  /** For chmod. */
  readonly fix?: string;
}

async function look(path: string, { bits, problem, fix = "600" }: Look): Promise<OpenFile | null> {
  const mode = await modeOf(path);
  if (mode === null || (mode & bits) === 0) return null;
  return { path, mode, problem, fix: `chmod ${fix} ${path}` };
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return null;
  }
}
