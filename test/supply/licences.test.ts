import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { productionPackages } from "../../scripts/production-packages.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Those that let Hookwright be given on under Apache-2.0. Another one is for a person to read before it is added here. */
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Python-2.0",
]);

const problemOf = (license: string | undefined): string | null =>
  license === undefined ? "names no licence" : ALLOWED.has(license) ? null : `has the licence ${license}`;

const packages = await productionPackages(ROOT);
const ownManifest = z.object({ license: z.unknown() });

describe("the licences of what is installed with Hookwright", () => {
  it("are all among those that may be given on", () => {
    expect(packages.length).toBeGreaterThan(100);
    const wrong = packages.flatMap(({ name, version, license }) => {
      const problem = problemOf(license);
      return problem === null ? [] : [`${name}@${version} ${problem}`];
    });
    expect(wrong).toEqual([]);
  });

  it("are those that the packages name themselves", async () => {
    const installed = packages.filter(({ path }) => existsSync(join(ROOT, path, "package.json")));
    expect(installed.length).toBeGreaterThan(100);
    for (const { path, license } of installed) {
      const text = await readFile(join(ROOT, path, "package.json"), "utf8");
      expect({ path, ...ownManifest.parse(JSON.parse(text)) }).toMatchObject({ path, license });
    }
  });

  it("would be found wrong", () => {
    expect(problemOf("GPL-3.0-only")).toBe("has the licence GPL-3.0-only");
    expect(problemOf("(MIT OR GPL-2.0)")).toBe("has the licence (MIT OR GPL-2.0)");
    expect(problemOf(undefined)).toBe("names no licence");
  });
});

describe("the licences of what is bundled in the dashboard", () => {
  it("come along with it in their full text, and may be given on", async () => {
    const text = await readFile(join(ROOT, "web/dist/third-party-licenses.md"), "utf8");
    const sections = text.split(/^## /m).slice(1);
    expect(sections.map((section) => section.split(" ")[0])).toEqual(
      expect.arrayContaining(["preact", "anser", "zod"]),
    );
    for (const section of sections) {
      const [, name = "", license = ""] = /^(\S+) .*\(([^()]+)\)$/m.exec(section) ?? [];
      expect({ name, problem: problemOf(license) }).toEqual({ name, problem: null });
      expect(section).toMatch(/copyright/i);
    }
  });
});
