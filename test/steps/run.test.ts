import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
const values = { "params.x": "$(id); *", "params.dash": "-rf", "event.branch": "--upload-pack=evil" };
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
