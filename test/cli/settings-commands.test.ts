import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";

let place: Place;
beforeAll(async () => {
  place = await createPlace();
});
afterAll(() => place.close());

const read = (name: string): Promise<string> => readFile(join(place.dir, name), "utf8");

describe("init", () => {
  it("writes settings that are valid, for their owner's eyes only, and says what to do next", async () => {
    const ran = await place.run(["init", "--repository", "https://github.com/me/app.git", "--dir", "made"]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).toContain("Wrote made/hookwright.yaml");
    expect(ran.stdout).toContain("hookwright check --settings made/hookwright.yaml");
    expect(await read("made/hookwright.yaml")).toContain("https://github.com/me/app.git");
    expect((await stat(join(place.dir, "made/hookwright.yaml"))).mode & 0o777).toBe(0o600);
    const check = await place.run(["check", "--settings", "made/hookwright.yaml"]);
    expect(check).toMatchObject({
      exitCode: 0,
      stdout: "made/hookwright.yaml is valid (sources: 1, actions: 1)",
    });
  });

  it("replaces nothing unless it is told to", async () => {
    await place.run(["init", "--dir", "twice"]);
    const before = await read("twice/hookwright.yaml");
    const refused = await place.run(["init", "--dir", "twice"]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toMatch(
      /hookwright\.yaml exists already \(settings:exists\)\nReplace it with --force$/,
    );
    expect(await read("twice/hookwright.yaml")).toBe(before);
    const forced = await place.run(["init", "--dir", "twice", "--force", "--json"]);
    expect(forced.json()).toEqual([{ file: join(place.dir, "twice/hookwright.yaml") }]);
    expect(await read("twice/hookwright.yaml")).not.toBe(before);
  });

  it("takes no repository that git would take for an option", async () => {
    expect(await place.run(["init", "--repository=--upload-pack=x", "--dir", "odd"])).toMatchObject({
      exitCode: 2,
      stdout: "",
    });
  });
});

describe("check", () => {
  const invalid = [
    "sources:",
    '  app: { kind: github, secrets: ["s"] }',
    "actions:",
    "  deploy:",
    "    on: [{ source: ap, event: push }]",
    "    steps:",
    "      - { runn: [echo] }",
    "",
  ].join("\n");

  it("shows each mistake with its place and what was meant, and exits 2", async () => {
    await place.write("invalid.yaml", invalid);
    const ran = await place.run(["check", "invalid.yaml"]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr.split("\n")).toEqual([
      expect.stringMatching(
        /^invalid\.yaml:5:\d+ actions\.deploy\.on\[0\]\.source: .*; did you mean "app"\?$/,
      ),
      expect.stringMatching(/^invalid\.yaml:7:\d+ actions\.deploy\.steps\[0\].*; did you mean "run"\?$/),
      "error: The settings are not valid: 2 problems (settings:invalid)",
    ]);
  });

  it("gives the same with --json, in one line on stdout", async () => {
    await place.write("invalid.yaml", invalid);
    const ran = await place.run(["check", "invalid.yaml", "--json"]);
    expect(ran).toMatchObject({ exitCode: 2, stderr: "" });
    expect(ran.json()).toEqual([
      expect.objectContaining({
        valid: false,
        file: join(place.dir, "invalid.yaml"),
        code: "settings:invalid",
        problems: [
          expect.objectContaining({ line: 5, key: "actions.deploy.on[0].source", suggestion: "app" }),
          expect.objectContaining({ line: 7, suggestion: "run" }),
        ],
      }),
    ]);
  });

  it("warns of what is allowed but unwise, and says that the file is valid", async () => {
    await place.write("open.yaml", "sources:\n  app: { kind: github, unsafe_no_auth: true }\nactions: {}\n");
    const ran = await place.run(["check", "open.yaml"]);
    expect(ran).toMatchObject({ exitCode: 0, stdout: "open.yaml is valid (sources: 1, actions: 0)" });
    expect(ran.stderr).toMatch(/^warning: open\.yaml:2:\d+ sources\.app/);
    const json = await place.run(["check", "open.yaml", "--json"]);
    expect(json).toMatchObject({ exitCode: 0, stderr: "" });
    expect(json.json()).toEqual([
      expect.objectContaining({ valid: true, sources: 1, actions: 0, warnings: [expect.any(String)] }),
    ]);
  });

  it("warns of settings with secrets that other accounts can read, and says how to close them", async () => {
    await place.write(
      "readable.yaml",
      "sources:\n  app: { kind: github, secret: for-few-eyes-of-this-machine-alone }\nactions: {}\n",
    );
    await chmod(join(place.dir, "readable.yaml"), 0o644);
    const ran = await place.run(["check", "readable.yaml"]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toMatch(/^warning: .*readable\.yaml holds secrets, .*: chmod 600 .*readable\.yaml$/);
    await chmod(join(place.dir, "readable.yaml"), 0o600);
    expect(await place.run(["check", "readable.yaml"])).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it.each([
    ["check", ["check"]],
    ["check of a file", ["check", "nothing.yaml"]],
    ["serve", ["serve"]],
    ["tasks", ["tasks", "--settings", "nothing.yaml"]],
  ])("%s says that there is no file, and exits 2", async (_name, args) => {
    const ran = await place.run(args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toMatch(/hookwright\.yaml|nothing\.yaml/);
  });
});

describe("schema", () => {
  it("is JSON either way, in one line with --json", async () => {
    const ran = await place.run(["schema"]);
    const schema: unknown = JSON.parse(ran.stdout);
    expect(schema).toMatchObject({ properties: { sources: {}, actions: {} } });
    expect((await place.run(["schema", "--json"])).json()).toEqual([schema]);
  });
});

describe("import webhooks-automata", () => {
  const theirs = [
    "automata:",
    "  - endpoint: { suffix: deploy, provider: github, secret_token: theirs }",
    "    action: { type: commands, commands: [echo one, [echo, two]] }",
    "",
  ].join("\n");

  it("prints settings exactly as they are, and notes beside them", async () => {
    await place.write("theirs.yaml", theirs);
    const ran = await place.run(["import", "webhooks-automata", "theirs.yaml"]);
    expect(ran.exitCode).toBe(0);
    await place.write("printed.yaml", ran.stdout);
    expect(await place.run(["check", "printed.yaml"])).toMatchObject({ exitCode: 0 });
    const json = await place.run(["import", "webhooks-automata", "theirs.yaml", "--json"]);
    expect(json).toMatchObject({ exitCode: 0, stderr: "" });
    expect(json.json()).toEqual([{ yaml: `${ran.stdout}\n`, notes: expect.any(Array) }]);
  });

  it("writes a file, replaces one only with --force", async () => {
    await place.write("theirs.yaml", theirs);
    const args = ["import", "webhooks-automata", "theirs.yaml", "-o", "out.yaml"];
    expect(await place.run(args)).toMatchObject({
      exitCode: 0,
      stdout: "Wrote out.yaml; check it with: hookwright check out.yaml",
    });
    expect((await stat(join(place.dir, "out.yaml"))).mode & 0o777).toBe(0o600);
    expect(await place.run(args)).toMatchObject({
      exitCode: 2,
      stderr: "error: out.yaml exists already\nReplace it with --force",
    });
    expect(await place.run([...args, "--force"])).toMatchObject({ exitCode: 0 });
  });

  it("says when there is no such file, and exits 3", async () => {
    expect(await place.run(["import", "webhooks-automata", "none.yaml"])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("none.yaml can't be read"),
    });
  });
});
