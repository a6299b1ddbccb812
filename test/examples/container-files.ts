import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { expect } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { parseSettings } from "../../src/settings/load.ts";
import { createPlace } from "../support/cli.ts";

export const root = join(import.meta.dirname, "../..");

export const readText = (path: string): Promise<string> => readFile(join(root, path), "utf8");

/** All documents of a YAML file, as Compose and kubectl read it. */
export async function readYaml(path: string): Promise<readonly unknown[]> {
  const documents = parseAllDocuments(await readText(path), { merge: true });
  return documents.map((document) => {
    expect(document.errors).toEqual([]);
    const value: unknown = document.toJS();
    return value;
  });
}

/** What is wrong with the settings, given just these variables. */
export async function settingsProblems(path: string, variables: readonly string[]): Promise<unknown> {
  const env = Object.fromEntries(variables.map((name) => [name, valueOf(name)]));
  try {
    return parseSettings({ text: await readText(path), file: null, dir: root, env }).warnings;
  } catch (error) {
    return error instanceof AppError ? error.details["problems"] : error;
  }
}

const valueOf = (name: string): string =>
  name.endsWith("_URL")
    ? "postgres://user:password@postgres:5432/hookwright"
    : "a-secret-that-is-long-enough";

/** Runs `hookwright` with a container's arguments where there is no settings file: that, and nothing else, must be wrong. */
export async function expectArguments(args: readonly string[]): Promise<void> {
  const place = await createPlace();
  try {
    const elsewhere = args.map((arg) => arg.replace("/etc/hookwright/", `${place.dir}/`));
    const { stderr, exitCode } = await place.run(elsewhere);
    expect(stderr).toContain("hookwright.yaml");
    expect(stderr).not.toContain("unknown");
    expect(exitCode).toBe(2);
  } finally {
    await place.close();
  }
}
