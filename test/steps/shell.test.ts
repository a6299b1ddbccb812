import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await createWorkbench();
});
afterEach(() => bench.remove());

describe("shell", () => {
  it("runs a script and stops it at the first failure", async () => {
    await bench.run("shell", "echo one | tr o 0\necho two");
    expect(bench.lines).toEqual(["0ne", "two"]);
    const failed = bench.run("shell", "false\necho never");
    await expect(failed).rejects.toMatchObject({
      message: "The script exited with 1",
      details: { exit_code: 1 },
    });
    expect(bench.lines).not.toContain("never");
  });

  it("runs bash with pipefail", async () => {
    await bench.run("shell", "false | true");
    await expect(bench.run("shell", { script: "false | true", shell: "bash" })).rejects.toThrow(
      "exited with 1",
    );
  });

  it("is never a template", () => {
    const result = stepKinds.get("shell")?.schema.safeParse("echo ${{ params.x }}");
    expect(result?.error?.message).toContain("HOOKWRIGHT_PARAM_");
  });

  it("has the first line as its title", () => {
    expect(stepTitle({ kind: "shell", options: "make\nmake install" })).toBe("make …");
    expect(stepTitle({ kind: "shell", options: { script: "make" } })).toBe("make");
  });
});
