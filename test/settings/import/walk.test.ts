import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, it } from "vitest";
import { temporaryFolder } from "../settings-file.ts";

const program = fileURLToPath(new URL("../../../bin/hookwright.js", import.meta.url));

const GIT = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];

async function git(dir: string, ...args: string[]): Promise<string> {
  return (await execa("git", [...GIT, ...args], { cwd: dir })).stdout;
}

async function commit(dir: string, text: string): Promise<void> {
  await writeFile(join(dir, "page"), text);
  await git(dir, "add", "page");
  await git(dir, "commit", "--quiet", "--message", text);
}

/** As docs/webhooks-automata.md has it. */
it("a deployment moves over: convert, check, trigger without a server", async () => {
  const dir = await temporaryFolder();
  const [origin, site] = [join(dir, "origin"), join(dir, "site")];
  await mkdir(origin);
  await git(origin, "init", "--quiet", "--initial-branch=main");
  await commit(origin, "first");
  await git(dir, "clone", "--quiet", origin, site);
  await commit(origin, "second");
  await writeFile(
    join(dir, "settings.yaml"),
    `provider: github
providers: { github: { secret: s3cr3t-0123456789abcdef } }
automata:
  site:
    config: { repodir: ${site}, branch: main }
    action:
      workdir: ${site}
      submodules: no
      pre_commands: [[cp, page, before]]
      commands: [[cp, page, published]]
`,
  );
  const run = (...args: string[]) =>
    execa(process.execPath, [program, ...args], { cwd: dir, reject: false, all: true, env: { PORT: "" } });

  const converted = await run("import", "webhooks-automata", "settings.yaml", "-o", "hookwright.yaml");
  expect(converted.all).toMatch(
    /^Wrote hookwright\.yaml; check it with: .*hookwright check hookwright\.yaml$/,
  );
  const file = join(dir, "hookwright.yaml");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  // Another server may have the port of the old one.
  await writeFile(file, (await readFile(file, "utf8")).replace("127.0.0.1:5000", "127.0.0.1:1"));

  const checked = await run("check");
  expect([checked.exitCode, checked.all]).toEqual([0, "hookwright.yaml is valid (sources: 1, actions: 1)"]);
  const planned = await run("trigger", "site", "--dry-run");
  expect(planned.stdout).toMatch(/1\. .*cp page before\n.*2\. .*git.*\n.*3\. .*cp page published$/);
  expect(await git(site, "log", "--format=%s")).toBe("first");

  const triggered = await run("trigger", "site");
  expect([triggered.exitCode, triggered.all]).toEqual([0, expect.stringContaining("cp page published")]);
  expect(await git(site, "log", "-1", "--format=%s")).toBe("second");
  expect(await readFile(join(site, "before"), "utf8")).toBe("first");
  expect(await readFile(join(site, "published"), "utf8")).toBe("second");
  expect((await run("trigger", "sight")).exitCode).not.toBe(0);
});
