import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { displayName } from "../../src/settings/problems.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { sourceKinds } from "../../src/sources/registry.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import { kinds, unknownKeys, wrongTypes } from "./faults.ts";
import { loadError, problemsOf, temporaryFolder } from "./settings-file.ts";

const KINDS = [...stepKinds.keys()].join(", ");
const SOURCE_KINDS = [...sourceKinds.keys()].join(", ");

describe.each([
  ["an unknown key", unknownKeys],
  ["a wrong value:", wrongTypes],
  ["a kind", kinds],
] as const)("%s", (_group, cases) => {
  it.each(cases)("%s", async (_what, text, ...problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });
});

describe("the error", () => {
  it("names the file and has every problem with its place, in the file's order", async () => {
    const dir = await temporaryFolder();
    const text = `stoer: x\nactions:\n  a: { steps: [{ rn: [x] }] }\nsources:\n  b: { kind: githb, secret: a }\n`;
    const { code, details, message } = await loadError(text, { dir });
    const file = displayName(join(dir, "hookwright.yaml"));
    expect(code).toBe("settings:invalid");
    expect(message.split("\n")[0]).toBe(`${file}:1:1 stoer: unknown key; did you mean "store"?`);
    expect(details["problems"]).toEqual([
      { file, line: 1, column: 1, key: "stoer", message: "unknown key", suggestion: "store" },
      {
        file,
        line: 3,
        column: 18,
        key: "actions.a.steps[0].rn",
        message: `unknown key; expected one of ${KINDS}`,
        suggestion: "run",
      },
      {
        file,
        line: 5,
        column: 8,
        key: "sources.b.kind",
        message: `there is no kind githb; expected ${SOURCE_KINDS}`,
        suggestion: "github",
      },
    ]);
  });

  it("stops at a hundred problems, soon", async () => {
    const text = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join("\n");
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(101);
    expect(problems[0]).toMatch(/^1:1 k0: unknown key/);
    expect(problems.at(-1)).toBe("… and more; mend these first");
  });

  it("is another one where there is no file, or it can't be read", async () => {
    const dir = await temporaryFolder();
    for (const [file, reason] of [
      [join(dir, "none.yaml"), /none\.yaml can't be read: ENOENT/],
      [dir, /can't be read: EISDIR/],
    ] as const) {
      const loading = loadSettings({ file, env: {} });
      await expect(loading).rejects.toThrow(reason);
      await expect(loading).rejects.toMatchObject({ code: "settings:not_found" });
    }
  });
});
