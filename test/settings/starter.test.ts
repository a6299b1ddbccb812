import { createHmac } from "node:crypto";
import { mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/settings/load.ts";
import { writeProjectSettings, writeStarter } from "../../src/settings/starter.ts";
import { matchActions } from "../../src/triggers/match.ts";
import { githubPush } from "../support/push.ts";
import { temporaryFolder } from "./settings-file.ts";

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

describe("the starter settings", () => {
  it("are valid, without a warning, and readable by their owner alone", async () => {
    const dir = join(await temporaryFolder(), "new", "folder");
    const { file } = await writeStarter({ dir });
    expect(file).toBe(join(dir, "hookwright.yaml"));
    expect(await modeOf(file)).toBe(0o600);
    const settings = await loadSettings({ file, env: {} });
    expect(settings.warnings).toEqual([]);
    expect(settings.server).toMatchObject({ host: "127.0.0.1", port: 8080 });
    expect(settings.dataDir).toBe(join(dir, "data"));
    expect(settings.actions["deploy-demo"]).toMatchObject({
      workdir: join(dir, "demo/live"),
      steps: [
        { options: { repository: join(dir, "demo/site") } },
        { name: "build" },
        { name: "publish" },
        { name: "check" },
      ],
    });
  });

  it("have a secret of their own each time", async () => {
    const [one, other] = await Promise.all(
      [await temporaryFolder(), await temporaryFolder()].map((dir) => writeStarter({ dir })),
    );
    const secrets = await Promise.all(
      [one, other].map(
        async (starter) => (await loadSettings({ file: starter?.file ?? "", env: {} })).secretValues,
      ),
    );
    expect(secrets.flat()).toHaveLength(2);
    expect(new Set(secrets.flat()).size).toBe(2);
    for (const secret of secrets.flat()) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  });

  it("are valid with everything that stands in a comment, too", async () => {
    const dir = await temporaryFolder();
    const { file } = await writeStarter({ dir });
    const text = await readFile(file, "utf8");
    const opened = text.replaceAll(
      /^( {2})# ( *)(my-app:|kind:|secrets:|deploy-my-app:|on:|params:|workdir:|steps:|- )/gm,
      "$1$2$3",
    );
    expect(opened).not.toBe(text);
    await writeFile(file, opened);
    const { sources, actions, warnings } = await loadSettings({ file, env: {} });
    expect(Object.keys(sources)).toEqual(["demo", "my-app"]);
    expect(actions["deploy-my-app"]?.steps).toHaveLength(3);
    expect(warnings).toEqual([]);
  });

  it("start the demo's action by a signed push to main", async () => {
    const { file } = await writeStarter({ dir: await temporaryFolder() });
    const { sources, actions, secretValues } = await loadSettings({ file, env: {} });
    const push = githubPush({ secret: secretValues[0] ?? "" });
    const source = sources["demo"]?.source;
    expect(source?.authenticate(push, new Date())).toMatchObject({ ok: true });
    const described = source?.describe(push);
    if (described?.ok !== true) throw new Error("not described");
    const { matches } = matchActions({ event: described.event, actions: Object.values(actions) });
    expect(matches.map(({ action, params }) => [action.name, params])).toEqual([
      ["deploy-demo", { sha: "1".repeat(40) }],
    ]);
    expect(
      createHmac("sha256", secretValues[0] ?? "")
        .update(push.body)
        .digest("hex"),
    ).toBe(push.headers["x-hub-signature-256"]?.slice(7));
  });

  it.each(["with space", "quote\"and'", "${HOME}", "a: b #c", "ünï"])(
    "work in a folder called %s",
    async (name) => {
      const dir = join(await temporaryFolder(), name);
      const { file } = await writeStarter({ dir });
      const { actions } = await loadSettings({ file, env: { HOME: "/elsewhere" } });
      expect(actions["deploy-demo"]?.steps[0]?.options).toMatchObject({ repository: join(dir, "demo/site") });
    },
  );

  it("are never written over something", async () => {
    const dir = await temporaryFolder();
    const file = join(dir, "hookwright.yaml");
    await writeFile(file, "mine", { mode: 0o644 });
    await expect(writeStarter({ dir })).rejects.toMatchObject({ code: "settings:exists" });
    expect(await readFile(file, "utf8")).toBe("mine");
    await expect(stat(join(dir, "demo"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are not written through a link that leads nowhere", async () => {
    const dir = await temporaryFolder();
    await symlink(join(dir, "target"), join(dir, "hookwright.yaml"));
    await expect(writeStarter({ dir })).rejects.toMatchObject({ code: "settings:exists" });
    await expect(stat(join(dir, "target"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are written by one of many at once", async () => {
    const dir = await temporaryFolder();
    await writeStarter({ dir });
    await rm(join(dir, "hookwright.yaml"));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => writeStarter({ dir })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "settings:exists" });
    }
  });

  it("replace what is there by force, also its mode", async () => {
    const dir = await temporaryFolder();
    const file = join(dir, "hookwright.yaml");
    await writeFile(file, "mine", { mode: 0o644 });
    await writeStarter({ dir, force: true });
    expect(await readFile(file, "utf8")).toContain("deploy-demo");
    expect(await modeOf(file)).toBe(0o600);
  });

  it("come back when they were removed, with the demo's repository as it was", async () => {
    const dir = await temporaryFolder();
    const { file } = await writeStarter({ dir });
    const site = join(dir, "demo/site");
    const before = await execa("git", ["rev-parse", "HEAD"], { cwd: site });
    await rm(file);
    await writeStarter({ dir });
    expect((await execa("git", ["rev-parse", "HEAD"], { cwd: site })).stdout).toBe(before.stdout);
    expect((await loadSettings({ file, env: {} })).warnings).toEqual([]);
  });

  it("are not written where somebody's files stand in the demo's place", async () => {
    const dir = await temporaryFolder();
    const page = join(dir, "demo/site/page.txt");
    await mkdir(join(dir, "demo/site"), { recursive: true });
    await writeFile(page, "mine");
    await expect(writeStarter({ dir })).rejects.toMatchObject({ code: "settings:exists" });
    expect(await readFile(page, "utf8")).toBe("mine");
    await expect(stat(join(dir, "hookwright.yaml"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("the settings for a repository", () => {
  it.each([
    "https://github.com/me/app.git",
    "git@github.com:me/app.git",
    "/srv/git/app.git",
    '/srv/${HOME}/a "b".git',
  ])("%s are valid, without a warning", async (repository) => {
    const dir = await temporaryFolder();
    const { file } = await writeProjectSettings({ dir, repository });
    expect(await modeOf(file)).toBe(0o600);
    const { actions, warnings } = await loadSettings({ file, env: {} });
    expect(warnings).toEqual([]);
    expect(actions["deploy"]?.steps[0]?.options).toMatchObject({ repository });
  });

  it("are not written for what git would not take", async () => {
    const dir = await temporaryFolder();
    const writing = writeProjectSettings({ dir, repository: "--upload-pack=x" });
    await expect(writing).rejects.toMatchObject({
      code: "request:invalid",
      message: "git can't be given --upload-pack=x: it begins with -",
    });
    await expect(stat(join(dir, "hookwright.yaml"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
