import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { pathOf } from "../../src/cli/command.ts";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { createProgram } from "../../src/cli/program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const guide = read("docs/cli.md");

type Command = ReturnType<typeof createProgram>;
const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
const paths = leaves(createProgram()).map(pathOf);

describe("the guide to the command line", () => {
  it.each(paths)("has the command %s", (path) => {
    expect(guide).toMatch(new RegExp(`\`${path}(?: \\[?[A-Z]+\\]?)?\``));
  });

  it("has every exit code, and no other", () => {
    const [, table = ""] = guide.split("## Exit codes");
    const codes = [...table.matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });
});

const PAGES = ["README.md", "docs/cli.md", "docs/getting-started.md", "docs/k-app.md", "docs/settings.md"];
/** Where the documentation calls this program, in code. */
const calls = PAGES.flatMap((page) =>
  [...read(page).matchAll(/(?:^ *|`|npx |-- )hookwright ([a-z][a-z-]*(?: [^`\n|#;>]*)?)/gm)].map(
    ([, line = ""]) => ({ page, line: line.trim() }),
  ),
);

describe("a call that the documentation shows", () => {
  it("is found", () => expect(calls.length).toBeGreaterThan(10));

  it.each(calls)("is one that the program takes: $line ($page)", async ({ line }) => {
    expect(await parse(wordsOf(line))).toBe("taken");
  });

  it("would be found wrong", async () => {
    expect(await parse(["tasks", "--stat", "running"])).toContain("unknown option");
    expect(await parse(["taks"])).toContain("unknown command");
  });
});

const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ""));

/** Looks at the form of a call only: nothing runs. */
async function parse(words: readonly string[]): Promise<string> {
  const program = createProgram();
  for (const command of [program, ...leaves(program)]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command !== program) command.action(() => undefined);
  }
  try {
    await program.parseAsync(words, { from: "user" });
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
