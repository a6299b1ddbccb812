import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { openapiDocument } from "./openapi.ts";
import { settingsJsonSchema } from "../src/settings/json-schema.ts";
import { settingsReference } from "../src/settings/reference.ts";

/** Writes what is generated from the code; with `--check` only says what is out of date, and exits 1. */
const root = fileURLToPath(new URL("..", import.meta.url));
const checkOnly = process.argv.includes("--check");

async function format(name: string, text: string): Promise<string> {
  const { stdout } = await execa("npx", ["oxfmt", "--stdin-filepath", name], {
    cwd: root,
    input: text,
    stripFinalNewline: false,
    preferLocal: true,
  });
  return stdout;
}

const pages: Readonly<Record<string, string>> = {
  "docs/reference/settings.schema.json": `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`,
  "docs/reference/settings.md": settingsReference(),
  "docs/reference/openapi.json": `${JSON.stringify(await openapiDocument(), null, 2)}\n`,
};

let stale = 0;
for (const [name, text] of Object.entries(pages)) {
  const path = `${root}${name}`;
  const wanted = await format(name, text);
  const current = await readFile(path, "utf8").catch(() => "");
  if (current === wanted) continue;
  stale += 1;
  if (checkOnly) {
    console.error(`${relative(process.cwd(), path)} is out of date: npm run generate`);
    continue;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wanted);
  console.log(`wrote ${relative(process.cwd(), path)}`);
}
if (checkOnly && stale > 0) process.exitCode = 1;
