import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
const values = {
  "params.word": "release/1.2",
  "params.x": "$(id); *",
  "params.dash": "-rf",
  "event.branch": "--upload-pack=evil",
};
beforeEach(async () => {
  bench = await createWorkbench(values);
});
afterEach(() => bench.remove());

const problem = (options: unknown): string | undefined =>
  stepKinds.get("run")?.schema.safeParse(options).error?.message;

describe("run", () => {
  it("runs the argv without a shell, values being arguments", async () => {
    const result = await bench.run("run", ["printf", "%s|%s\n", "a b", "${{ params.x }}"]);
    expect(result).toEqual({ exitCode: 0, outputs: {} });
    expect(bench.lines).toEqual(["a b|$(id); *"]);
  });

  it("gives trimmed stdout as an output", async () => {
    const { outputs } = await bench.run("run", { argv: ["echo", " v1 "], output: "version" });
    expect(outputs).toEqual({ version: "v1" });
  });

  it("writes its input as it stands", async () => {
    await bench.run("run", { argv: ["cat"], input: "${{ params.x }}" });
    expect(bench.lines).toEqual(["${{ params.x }}"]);
  });

  it("fails with the command and its exit code", async () => {
    const failed = bench.run("run", ["sh", "-c", "exit 7"]);
    await expect(failed).rejects.toMatchObject({
      code: "step:failed",
      message: "`sh -c 'exit 7'` exited with 7",
      details: { exit_code: 7 },
    });
    await expect(bench.run("run", ["sh", "-c", "kill -9 $$"])).rejects.toThrow("was ended by SIGKILL");
  });

  it("refuses a value from an event that could pass for an option, unless after --", async () => {
    await expect(bench.run("run", ["echo", "${{ event.branch }}"])).rejects.toThrow(
      "could pass for an option",
    );
    await bench.run("run", ["echo", "--", "${{ event.branch }}", "x${{ event.branch }}"]);
    await bench.run("run", ["echo", "${{ params.dash }}"]);
    expect(bench.lines).toEqual(["-- --upload-pack=evil x--upload-pack=evil", "-rf"]);
  });

  it("refuses a template inside a script", () => {
    expect(problem(["sh", "-c", "echo ${{ params.x }}"])).toContain("must not become part of a script");
    expect(problem(["/bin/bash", "-ec", "echo ${{ params.x }}"])).toContain(
      "must not become part of a script",
    );
    expect(problem(["sh", "-c", 'echo "$1"', "sh", "${{ params.x }}"])).toBeUndefined();
  });

  it.each([
    ["glued to its flag", ["sh", "-cecho ${{ params.x }}"]],
    ["behind env", ["env", "A=1", "python3", "-c", "print('${{ params.x }}')"]],
    ["behind an option that looks like it", ["perl", "-Mstrict", "-e", "print '${{ params.x }}'"]],
    ["behind several letters", ["psql", "-Atc", "select '${{ params.x }}'"]],
    ["after a script that has none", ["node", "-r", "./setup.js", "-e", "run('${{ params.x }}')"]],
    ["before other letters of its cluster", ["bash", "-ceu", "echo ${{ params.x }}"]],
    ["with options after its flag", ["sh", "-c", "-e", "-o", "pipefail", "echo ${{ params.x }}"]],
    ["with the value of an option between", ["bash", "-oce", "pipefail", "echo ${{ params.x }}"]],
    ["after the end of the options", ["bash", "-c", "--", "echo ${{ params.x }}"]],
    ["that is printed", ["node", "-p", "${{ params.x }}"]],
    ["of ssh's proxy", ["ssh", "-o", "ProxyCommand=nc ${{ params.x }} 22", "host", "true"]],
    ["of env itself", ["env", "-S", "echo ${{ params.x }}"]],
    ["in SQL", ["psql", "db", "--command=select '${{ params.x }}'"]],
    ["as another account", ["su", "app", "--command", "deploy ${{ params.x }}"]],
  ])("refuses a template inside a script %s", (_where, argv) => {
    expect(problem(argv)).toContain("must not become part of a script");
  });

  it("takes a template beside an option that only begins alike", () => {
    expect(problem(["python3", "-Xdev", "${{ params.x }}"])).toBeUndefined();
    expect(problem(["perl", "-Mstrict", "tool.pl", "${{ params.x }}"])).toBeUndefined();
    expect(problem(["sh", "-ce", 'echo "$1"', "sh", "${{ params.x }}"])).toBeUndefined();
  });

  it("refuses a template inside a line for ssh's shell", () => {
    expect(problem(["ssh", "host", "deploy ${{ params.x }}"])).toContain("ssh hands all of this to a shell");
    expect(problem(["timeout", "9", "/usr/bin/ssh", "-p", "22", "host", "a=${{ params.x }}"])).toContain(
      "ssh",
    );
    expect(problem(["ssh", "-p", "22", "u@${{ params.x }}", "deploy", "${{ params.x }}"])).toBeUndefined();
  });

  it("gives ssh's shell no value that is more than a word", async () => {
    // In the place of ssh a program of that name that prints what it is given.
    const ssh = join(bench.dir, "ssh");
    await writeFile(ssh, '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    await bench.run("run", [ssh, "-l", "me", "host", "deploy", "${{ params.word }}"]);
    expect(bench.lines).toEqual(["-l me host deploy release/1.2"]);
    await expect(bench.run("run", [ssh, "host", "deploy", "${{ params.x }}"])).rejects.toThrow(
      "the shell at the other end of ssh would take apart",
    );
  });

  it("refuses what is no argv", () => {
    for (const options of [
      [],
      [""],
      "npm ci",
      [1],
      { argv: ["a"], output: "a-b" },
      { argv: ["a"], outputs: "a" },
    ]) {
      expect(problem(options)).toBeDefined();
    }
  });

  it("has the command as its title", () => {
    expect(stepTitle({ kind: "run", options: ["npm", "run", "a b"] })).toBe("npm run 'a b'");
    expect(stepTitle({ kind: "run", options: { argv: ["npm", "ci"] } })).toBe("npm ci");
  });
});
