import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "SECURITY.md"), "utf8");

/** Rows of the threat model: the threat and the tests that it names. */
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2)
  .map((line) => {
    const [threat = "", , tests = ""] = line.slice(2).split(" | ");
    return { threat: threat.trim(), files: [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file) };
  });

describe("the threat model", () => {
  it("has lines", () => expect(rows.length).toBeGreaterThan(15));

  it.each(rows)("names tests that are there for: $threat", ({ files }) => {
    expect(files).not.toEqual([]);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
