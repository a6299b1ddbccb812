import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completionScript, type Shell } from "../../src/cli/completion.ts";
import { createProgram } from "../../src/cli/program.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-completion-"));
  for (const shell of ["bash", "zsh", "fish"] as const) {
    await writeFile(join(dir, shell), completionScript(createProgram(), shell));
  }
  await writeFile(join(dir, "hookwright.yaml"), "");
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** What the real shell offers at the end of a line. */
type Complete = (line: string) => Promise<readonly string[]>;

/** As readline would: the words, and where the cursor is. */
function byFunction(shell: "bash" | "zsh"): Complete {
  return async (line) => {
    const words = line.split(" ");
    const script = `
      ${shell === "zsh" ? "compdef() { :; }; emulate -L bash 2>/dev/null;" : ""}
      source ${join(dir, shell)}
      COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")})
      COMP_CWORD=${words.length - 1}
      _hookwright
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execa("bash", ["-c", script], { cwd: dir });
    return stdout.split("\n").filter((each) => each !== "");
  };
}

const byFish: Complete = async (line) => {
  const script = `source ${join(dir, "fish")}; complete -C ${JSON.stringify(line)}`;
  const { stdout } = await execa("fish", ["--no-config", "-c", script], { cwd: dir });
  return stdout
    .split("\n")
    .map((each) => each.split("\t")[0] ?? "")
    .filter((each) => each !== "");
};

const SHELLS: readonly (readonly [Shell, Complete])[] = [
  ["bash", byFunction("bash")],
  ["fish", byFish],
];

describe.each(SHELLS)("completion in %s", (_shell, complete) => {
  it("offers commands", async () => {
    const words = await complete("hookwright ");
    expect(words).toEqual(expect.arrayContaining(["serve", "token", "trigger", "completion"]));
    expect(await complete("hookwright mig")).toEqual(["migrate-store"]);
  });

  it("offers commands of commands", async () => {
    expect([...(await complete("hookwright token "))].toSorted()).toEqual(["create", "list", "revoke"]);
  });

  it("offers a command's options and those of all", async () => {
    expect(await complete("hookwright token create --sc")).toEqual(["--scope"]);
    expect(await complete("hookwright tasks --js")).toEqual(["--json"]);
    expect(await complete("hookwright --json tasks --sta")).toEqual(["--state"]);
  });

  it("offers files where a file is wanted", async () => {
    expect(await complete("hookwright check hook")).toEqual(["hookwright.yaml"]);
    expect(await complete("hookwright --settings hook")).toEqual(["hookwright.yaml"]);
  });
});

it("completion in zsh is set up by its own bashcompinit", async () => {
  const script = `source ${join(dir, "zsh")}; print -r -- $_comps[hookwright]`;
  const { stdout } = await execa("zsh", ["-f", "-c", script], { cwd: dir, env: { HOME: dir } });
  expect(stdout).toContain("_hookwright");
});
