import { describe, expect, it } from "vitest";
import { leavesOf, pathOf } from "../../src/cli/command.ts";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { createProgram } from "../../src/cli/program.ts";
import { pages, readPage } from "./pages.ts";

const guide = readPage("docs/cli.md");

const paths = leavesOf(createProgram()).map(pathOf);

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

/** Where the documentation calls this program: lines of code, and names of commands in a sentence. */
const calls = pages.flatMap((page) =>
  [
    ...readPage(page)
      .replaceAll(/\$\([^)]*\)/g, "X")
      .matchAll(/(^ *|`|npx |-- )hookwright ([a-z][a-z-]*(?: [^`\n|#;>)]*)?)/gm),
  ].map(([, before = "", line = ""]) => ({ page, line: line.trim(), isName: before === "`" })),
);
/** A sentence may name a command without what it takes. */
const NAMED = /^(?:taken|\(outputHelp\)|error: missing required argument )/;

describe("a call that the documentation shows", () => {
  it("is found", () => expect(calls.length).toBeGreaterThan(10));

  it.each(calls)("is one that the program takes: $line ($page)", async ({ line, isName }) => {
    expect(await parse(wordsOf(line))).toMatch(isName ? NAMED : /^taken$/);
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
  for (const command of [program, ...leavesOf(program)]) {
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
