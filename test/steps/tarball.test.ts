import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOutboundFetch, DOWNLOADS } from "../../src/lib/outbound.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import type { StepContext, StepResult } from "../../src/steps/step.ts";
import { type FakeArchives, startFakeArchives } from "../fakes/github-archives.ts";
import { archive } from "../support/archives.ts";
import { createSmallRepository, type SmallRepository } from "../support/small-repository.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
let github: FakeArchives;
let repository: SmallRepository;
let sha: string;

beforeEach(async () => {
  bench = await createWorkbench({ "params.repository": "o/r", "params.up": "../x", "params.host": "@evil" });
  repository = await createSmallRepository(join(bench.dir, "repository"));
  sha = await repository.commit({ "package.json": '{"name":"hello","version":"1.2.3"}', "lib/x.js": "x" });
  github = await startFakeArchives({
    repositories: { "o/r": repository.dir, "o/private": repository.dir },
    private: ["o/private"],
    users: { "good-token": "octocat" },
  });
});
afterEach(async () => {
  await github.close();
  await bench.remove();
});

const tarball = (options: Record<string, unknown>, change: Partial<StepContext> = {}): Promise<StepResult> =>
  bench.run("tarball", options, {
    download: createOutboundFetch({ ...DOWNLOADS, allowCidrs: ["127.0.0.0/8"] }),
    github: { token: async () => null, apiUrl: github.url },
    ...change,
  });
const withToken = (): Partial<StepContext> => ({
  github: { token: async () => "good-token", apiUrl: github.url },
});
const failsWith = (error: string): object => ({ code: "step:failed", details: { error } });

describe("tarball", () => {
  it("fetches a commit of GitHub, following its redirect, and says what package.json has", async () => {
    await mkdir(join(bench.dir, "source"));
    await writeFile(join(bench.dir, "source/old"), "gone with the next");
    const { outputs } = await tarball({ github: "${{ params.repository }}", ref: sha, package_json: true });
    expect(outputs).toEqual({ dir: join(bench.dir, "source"), files: "2", name: "hello", version: "1.2.3" });
    expect((await readdir(join(bench.dir, "source"))).toSorted()).toEqual(["lib", "package.json"]);
    expect(await readFile(join(bench.dir, "source/lib/x.js"), "utf8")).toBe("x");
    expect(github.requests.map(({ host, path }) => `${host} ${path.split("?")[0] ?? ""}`)).toEqual([
      `api /repos/o/r/tarball/${sha}`,
      `codeload /o/r/legacy.tar.gz/${sha}`,
    ]);
  });

  it("gives the token to GitHub, and to nobody that it leads to", async () => {
    await tarball({ github: "o/private", ref: sha }, withToken());
    expect(github.requests.map(({ authorization }) => authorization)).toEqual(["Bearer good-token", null]);
  });

  it("takes a local repository, and an archive of any forge", async () => {
    const { outputs } = await tarball({ path: repository.dir, ref: "master", dir: "deep/a" });
    expect(outputs).toMatchObject({ files: "2", name: "hello" });
    const url = `${github.url}/repos/\${{ params.repository }}/tarball/${sha}`;
    expect((await tarball({ url, dir: "b" })).outputs).toMatchObject({ files: "2" });
  });

  it("tries again what may pass", async () => {
    github.faults.push({ status: 502 }, { fails: "reset" });
    await tarball({ github: "o/r", ref: sha });
    expect(bench.lines.filter((line) => line.includes("trying again"))).toHaveLength(2);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["an unknown commit", { github: "o/r", ref: "f".repeat(40) }, /answered 404/],
    [
      "a private repository without a token",
      { github: "o/private", ref: "master" },
      /answered 404. There is no such commit.*pair with GitHub/,
    ],
    [
      "a name that is none",
      { github: "${{ params.up }}/${{ params.up }}", ref: "master" },
      /is no owner\/name/,
    ],
    ["a ref that could be an option", { path: "/tmp", ref: "--output=x" }, /is no commit id, branch or tag/],
    ["a folder without a repository", { path: "/tmp", ref: "master" }, /has no archive of master/],
    [
      "a URL that a value leads elsewhere",
      { url: "http://127.0.0.1/a/${{ params.up }}/b" },
      /leads elsewhere/,
    ],
  ])("fails with download_tarball: %s", async (_, options, message) => {
    await expect(tarball(options)).rejects.toMatchObject(failsWith("deploy:github:download_tarball"));
    await expect(tarball(options)).rejects.toThrow(message);
  });

  it("does not go where the guard says no", async () => {
    const strict = { download: createOutboundFetch(DOWNLOADS) };
    await expect(tarball({ github: "o/r", ref: sha }, strict)).rejects.toThrow(/127.0.0.1 is not called/);
    expect(github.requests).toEqual([]);
  });

  it("leaves what was there when an archive is not to be unpacked", async () => {
    await tarball({ github: "o/r", ref: sha });
    const other = "e".repeat(40);
    github.archives.set(
      other,
      await archive([
        { name: "root/x", text: "x" },
        { name: "root/../../y", text: "y" },
      ]),
    );
    await expect(tarball({ github: "o/r", ref: other })).rejects.toMatchObject(
      failsWith("deploy:tar:unsafe_path"),
    );
    expect((await readdir(join(bench.dir, "source"))).toSorted()).toEqual(["lib", "package.json"]);
    expect((await readdir(bench.dir)).filter((name) => name.startsWith(".source"))).toEqual([]);
  });

  it("asks for a package.json where it is told to", async () => {
    const without = await repository.commit({ "package.json": null });
    const broken = await repository.commit({ "package.json": "{" });
    for (const ref of [without, broken]) {
      await expect(tarball({ github: "o/r", ref, package_json: true })).rejects.toMatchObject(
        failsWith("deploy:github:no_pkg_json"),
      );
      expect((await tarball({ github: "o/r", ref })).outputs).toMatchObject({ name: "", version: "" });
    }
  });

  it.each([
    {},
    { github: "o/r" },
    { github: "o/r", path: "/x", ref: "x" },
    { url: "https://example.com/x.tar.gz", ref: "x" },
    { url: "https://${{ params.host }}/x.tar.gz" },
    { path: "relative", ref: "x" },
  ])("does not take %o", (options) => {
    expect(stepKinds.get("tarball")?.schema.safeParse(options).success).toBe(false);
  });
});
