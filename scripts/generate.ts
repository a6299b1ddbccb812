import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { errorsReference } from "./errors.ts";
import { openapiDocument } from "./openapi.ts";
import { manPage } from "../src/cli/man-page.ts";
import { cliReference } from "../src/cli/reference.ts";
import { settingsJsonSchema } from "../src/settings/json-schema.ts";
import { settingsReference } from "../src/settings/reference.ts";

// Writes what is generated from the code, here or into another folder (--out); with --check only says what is out of
// date there, and exits 1.
const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: { check: { type: "boolean" }, out: { type: "string", default: root } },
});

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const pages: Readonly<Record<string, string>> = {
  "docs/reference/settings.schema.json": json(settingsJsonSchema()),
  "docs/reference/settings.md": settingsReference(),
  "docs/reference/errors.md": errorsReference(),
  "docs/reference/cli.md": cliReference(),
  "docs/reference/hookwright.1": manPage(),
  "docs/reference/openapi.json": json(await openapiDocument()),
};

/** As `npm run format` would leave it. */
async function format(name: string, text: string): Promise<string> {
  if (name.endsWith(".1")) return text;
  const options = { cwd: root, localDir: root, preferLocal: true, input: text, stripFinalNewline: false };
  const { stdout } = await execa("oxfmt", ["--stdin-filepath", name], options);
  return stdout;
}

for (const [name, text] of Object.entries(pages)) {
  const path = join(resolve(values.out), name);
  const wanted = await format(name, text);
  const current = await readFile(path, "utf8").catch(() => null);
  if (current === wanted) continue;
  const shown = relative(process.cwd(), path);
  if (values.check === true) {
    console.error(`${shown} is out of date: npm run generate`);
    process.exitCode = 1;
    continue;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wanted);
  console.log(`wrote ${shown}`);
}
