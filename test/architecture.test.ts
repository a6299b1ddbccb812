import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const root = join(import.meta.dirname, "..");
const report = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

let tree = "";

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "hookwright-imports-"));
});

afterAll(() => rm(tree, { recursive: true, force: true }));

const targets = [
  "src/main.ts",
  "src/domain/task.ts",
  "src/lib/ids.ts",
  "src/storage/store.ts",
  "src/storage/open.ts",
  "src/settings/load.ts",
  "src/settings/settings.ts",
  "src/sources/github.ts",
  "src/sources/gitlab.ts",
  "src/steps/git.ts",
  "src/steps/run.ts",
  "src/usecases/app.ts",
  "src/client/schemas.ts",
  "src/cli/serve.ts",
  "src/compose/serve.ts",
];

/** The rules that an import from `from` to `to` breaks, in a small tree of its own. */
async function rulesBroken(from: string, to: string): Promise<string[]> {
  const dir = await mkdtemp(join(tree, "case-"));
  await copyFile(join(root, "tsconfig.json"), join(dir, "tsconfig.json"));
  for (const file of targets) await write(join(dir, file), "export const one = 1;\n");
  const up = "../".repeat(from.split("/").length - 1);
  await write(join(dir, from), `import { one } from "${up}${to}";\nexport const two = one;\n`);
  const { stdout } = await execa(
    join(root, "node_modules/.bin/depcruise"),
    [
      "--config",
      join(root, ".dependency-cruiser.cjs"),
      "--output-type",
      "json",
      ...new Set(["src", from.split("/")[0] ?? ""]),
    ],
    { cwd: dir, reject: false },
  );
  const { summary } = report.parse(JSON.parse(stdout));
  expect(summary.totalCruised).toBeGreaterThanOrEqual(targets.length);
  return summary.violations.filter((violation) => violation.from === from).map(({ rule }) => rule.name);
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

describe("the import rule", () => {
  it.each([
    ["src/domain/x.ts", "src/lib/ids.ts", "imports-of-domain"],
    ["src/lib/x.ts", "src/domain/task.ts", "imports-of-lib"],
    ["src/sources/x.ts", "src/storage/store.ts", "imports-of-sources"],
    ["src/sources/x.ts", "src/sources/github.ts", "siblings-know-nothing-of-each-other"],
    ["src/steps/x.ts", "src/steps/git.ts", "siblings-know-nothing-of-each-other"],
    ["src/usecases/x.ts", "src/storage/open.ts", "imports-of-usecases"],
    ["src/usecases/x.ts", "src/settings/load.ts", "imports-of-usecases"],
    ["src/http/x.ts", "src/steps/run.ts", "imports-of-http"],
    ["src/client/x.ts", "src/usecases/app.ts", "imports-of-client"],
    ["src/cli/x.ts", "src/usecases/app.ts", "imports-of-cli"],
    ["src/cli/x.ts", "src/main.ts", "main-is-the-root"],
    ["src/cli/x.ts", "src/compose/serve.ts", "compose-is-of-main"],
    ["src/compose/x.ts", "src/cli/serve.ts", "imports-of-compose"],
    ["src/relay/x.ts", "src/storage/store.ts", "imports-of-relay"],
    ["src/newfolder/x.ts", "src/domain/task.ts", "known-folders-only"],
    ["web/x.ts", "src/domain/task.ts", "imports-of-web"],
  ])("refuses that %s imports %s", async (from, to, rule) => {
    expect(await rulesBroken(from, to)).toContain(rule);
  });

  it.each([
    ["src/domain/x.ts", "src/domain/task.ts"],
    ["src/usecases/x.ts", "src/settings/settings.ts"],
    ["src/http/x.ts", "src/client/schemas.ts"],
    ["src/cli/serve.ts", "src/main.ts"],
    ["src/compose/x.ts", "src/storage/open.ts"],
    ["web/x.ts", "src/client/schemas.ts"],
  ])("allows that %s imports %s", async (from, to) => {
    expect(await rulesBroken(from, to)).toEqual([]);
  });
});
