import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { leavesOf, pathOf } from "../../src/cli/command.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { createProgram } from "../../src/cli/program.ts";

/** The page as a reader sees it. */
async function rendered(): Promise<string> {
  const options = { input: manPage(), env: { GROFF_NO_SGR: "1" } };
  const { stdout, stderr } = await execa("groff", ["-ww", "-man", "-Tutf8", "-rLL=120n"], options);
  expect(stderr).toBe("");
  return stdout.replaceAll(/.[\b]/gu, "").replaceAll("\u2010", "-");
}

describe("the man page", () => {
  it("is good troff, and has every command, option and example", async () => {
    const page = await rendered();
    for (const command of leavesOf(createProgram())) {
      expect(page).toContain(`hookwright ${pathOf(command)}`);
      for (const { long } of command.options) expect(page).toContain(long ?? "");
    }
    expect(page).toContain(
      "hookwright migrate-store --to postgres://hookwright@db.example.com/hookwright --dry-run",
    );
  });

  it("lets nothing of a text become a request of troff", () => {
    for (const line of manPage().split("\n")) {
      expect(line).toMatch(/^(?:\.(?:TH|SH|SS|TP|PP|B|I|EX|EE)(?: |$)|\\&|[^.']|$)/);
    }
  });
});
