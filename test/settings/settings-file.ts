import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { loadSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-settings-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export interface FileOptions {
  readonly dir?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Loads a settings file of this content. */
export async function load(content: string | Buffer, options: FileOptions = {}): Promise<Settings> {
  const dir = options.dir ?? (await temporaryFolder());
  const file = join(dir, "hookwright.yaml");
  await writeFile(file, content);
  return loadSettings({ file, env: options.env ?? {} });
}

/** The error that loading this content ends in. */
export async function loadError(content: string | Buffer, options: FileOptions = {}): Promise<AppError> {
  const error: unknown = await load(content, options).then(
    () => new Error("the settings are valid"),
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw error;
}

/** What a person sees, each line without the file's name: `3:5 sources.app.kind: there is no kind …`. */
export async function problemsOf(content: string | Buffer, options: FileOptions = {}): Promise<string[]> {
  const { code, message } = await loadError(content, options);
  if (code !== "settings:invalid") throw new Error(`${code}: ${message}`);
  return withoutFile(message.split("\n"));
}

export const warningsOf = async (content: string, options: FileOptions = {}): Promise<string[]> =>
  withoutFile((await load(content, options)).warnings);

const withoutFile = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/^.*?hookwright\.yaml:(?=\d+:\d+)/, ""));

/** Settings with one action of these steps, written as flow YAML. */
export const withSteps = (steps: string, rest = ""): string => `actions:\n  a:\n    steps: ${steps}\n${rest}`;
