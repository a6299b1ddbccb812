import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { archive } from "../support/archives.ts";
import { createDeployWorld, type DeployWorld, githubPayload } from "../support/deploy-world.ts";

let world: DeployWorld;
beforeAll(async () => {
  world = await createDeployWorld();
});
afterAll(() => world.close());

const errorSchema = z.looseObject({ error: z.string(), reason: z.string() });
const PACKAGE = { name: "root/package.json", text: '{"name":"hello-world"}' };
const OUTSIDE = "hookwright-was-here";

let count = 0;
/** What becomes of a commit whose archive GitHub answers with these bytes, by the answer and by the status. */
async function deployed(bytes: Buffer): Promise<readonly unknown[]> {
  const sha = (count += 1).toString(16).padStart(40, "0");
  world.github.archives.set(sha, bytes);
  const response = await world.deploy(githubPayload(sha));
  const { error, reason } = errorSchema.parse(await response.json());
  const headers = world.as("dscape");
  const status = await world.server.fetch("/1/status/dscape/webhooks?limit=1", { headers });
  const [entry] = z.array(errorSchema).parse(await status.json());
  expect(entry).toMatchObject({ status: "error", error, reason, commit: `dscape/hello/${sha}` });
  return [response.status, error];
}

type Pieces = Parameters<typeof archive>[0];
const symlink = (name: string, linkname: string) => ({ name, type: "symlink", linkname }) as const;

describe("an archive that is not to be unpacked", () => {
  it.each<[string, string, Pieces]>([
    ["an absolute path", "unsafe_path", [PACKAGE, { name: `/tmp/${OUTSIDE}`, text: "x" }]],
    ["a link to elsewhere", "unsafe_link", [PACKAGE, symlink("root/l", "/etc")]],
    [
      "a hard link",
      "unsupported_entry",
      [PACKAGE, { name: "root/l", type: "link", linkname: "/etc/passwd" }],
    ],
    ["nothing in it", "empty", [{ name: "root/", type: "directory" }]],
    ["far more in it than its size", "ratio", [{ name: "root/x", text: "x".repeat(64 * 1024 * 1024) }]],
  ])("%s: 500 deploy:tar:%s", async (_what, fault, pieces) => {
    expect(await deployed(await archive(pieces))).toEqual([500, `deploy:tar:${fault}`]);
  });

  it("cut short, or none: 500 deploy:tar:malformed", async () => {
    const whole = await archive([PACKAGE, { name: "root/x", text: "x".repeat(10_000) }]);
    for (const bytes of [whole.subarray(0, -20), Buffer.alloc(0)])
      expect(await deployed(bytes)).toEqual([500, "deploy:tar:malformed"]);
  });

  it("leaves nothing behind, nor the next deployment in the way", async () => {
    expect((await world.server.client.listReleases("hello")).items).toEqual([]);
    const work = join(world.server.dir, "data/work/deploy");
    expect(await readdir(work, { recursive: true })).toEqual(["source"]);
    expect(await readdir("/tmp")).not.toContain(OUTSIDE);
    expect((await world.deploy(githubPayload(world.sha))).status).toBe(200);
  });
});

describe("a package.json that can't be read: 502 deploy:github:no_pkg_json", () => {
  it.each<[string, Pieces]>([
    ["no JSON", [{ name: "root/package.json", text: "{" }]],
    ["a link to another file", [{ name: "root/x", text: "{}" }, symlink("root/package.json", "x")]],
  ])("%s", async (_what, pieces) => {
    expect(await deployed(await archive(pieces))).toEqual([502, "deploy:github:no_pkg_json"]);
  });
});
