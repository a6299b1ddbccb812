import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const text = await readFile(join(import.meta.dirname, "../..", "CHANGELOG.md"), "utf8");
const versions = [...text.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);

/** https://keepachangelog.com/en/1.1.0/ */
const KINDS = new Set(["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]);

describe("the changelog", () => {
  it("begins with the version of package.json", () => {
    expect(versions[0]).toMatch(
      new RegExp(`^\\[${manifest.version.replaceAll(".", "\\.")}\\] - (unreleased|\\d{4}-\\d\\d-\\d\\d)$`),
    );
  });

  it("has versions with a date, of which the first alone may be unreleased", () => {
    for (const heading of versions.slice(1)) expect(heading).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
  });

  it("sorts what has changed by the known kinds", () => {
    const kinds = [...text.matchAll(/^### (.*)$/gm)].map(([, kind = ""]) => kind);
    expect(kinds).not.toEqual([]);
    expect(kinds.filter((kind) => !KINDS.has(kind))).toEqual([]);
  });
});
