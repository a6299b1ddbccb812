import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, it } from "vitest";
import { temporaryFolder } from "./settings-file.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = ["errors.md", "openapi.json", "settings.md", "settings.schema.json"];

const generate = (...args: string[]) =>
  execa(process.execPath, ["scripts/generate.ts", ...args], { cwd: root, reject: false });

it("the reference pages are what the code makes now (else: npm run generate)", async () => {
  const { exitCode, stderr } = await generate("--check");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});

it("a page that is out of date or missing is noticed, and written anew", async () => {
  const out = await temporaryFolder();
  const reference = join(out, "docs/reference");
  await cp(join(root, "docs/reference"), reference, { recursive: true });
  const page = join(reference, "settings.md");
  const current = await readFile(page, "utf8");
  await writeFile(page, current.replace("## `server`", "## `sevrer`"));
  await writeFile(join(reference, "openapi.json"), "");
  const stale = await generate("--check", "--out", out);
  expect(stale.exitCode).toBe(1);
  expect(stale.stderr.match(/[\w.]+(?= is out of date: npm run generate)/g)).toEqual([
    "settings.md",
    "openapi.json",
  ]);
  expect((await generate("--out", out)).exitCode).toBe(0);
  for (const name of PAGES) {
    const kept = await readFile(join(root, "docs/reference", name), "utf8");
    expect(await readFile(join(reference, name), "utf8")).toBe(kept);
  }
});
