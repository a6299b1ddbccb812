import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type FakeGithub, startFakeGithub } from "../fakes/github-api.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { blocksOf } from "./pages.ts";

const WEBHOOK_TOKEN = "the-token-that-argo-cd-sends";
const GH_PAT_WEBHOOK = "a-token-of-the-gitops-repository";
const EXAMPLE = join(import.meta.dirname, "../../examples/argocd/hookwright.yaml");

let place: Place;
let github: FakeGithub;
beforeEach(async () => {
  place = await createPlace();
  github = await startFakeGithub(
    { "you/gitops": { commits: {}, branches: {} } },
    { tokens: [GH_PAT_WEBHOOK] },
  );
});
afterEach(async () => {
  await place.close();
  await github.close();
});

/** The page's lines for the shell, in their order; one that goes on is one. */
const lines = blocksOf("docs/gitops-rollback.md")
  .filter(({ language }) => language === "bash")
  .flatMap(({ text }) =>
    text
      .replaceAll(/\\\n\s*/g, "")
      .trim()
      .split("\n"),
  )
  .map((line) => line.replace(/\s*#.*$/, ""));

const words = (line: string): string[] => line.replace(/^hookwright /, "").split(" ");

it("a rollback is set up, tried and looked at by the lines of the page", async () => {
  const settings = (await readFile(EXAMPLE, "utf8"))
    .replace(/# api_url: .*/, `api_url: "${github.url}"`)
    .replace("# outbound:", "outbound:");
  await place.write("hookwright.yaml", settings);
  await place.write(".env", `WEBHOOK_TOKEN=${WEBHOOK_TOKEN}\nGH_PAT_WEBHOOK=${GH_PAT_WEBHOOK}\n`);
  const { url } = await place.serve();
  const send = async (line: string): Promise<unknown> => {
    const script = line
      .replace("https://hooks.example.com", url)
      .replace("curl ", "curl -sS --fail-with-body ");
    return JSON.parse((await execa("bash", ["-c", script], { env: { WEBHOOK_TOKEN } })).stdout);
  };

  const [healthy = "", degraded = "", follow = "", revisions = "", dryRun = ""] = lines;
  expect(await send(healthy)).toMatchObject({ tasks: [] });
  expect(await send(degraded)).toMatchObject({ tasks: [{ action: "rollback" }] });
  expect(await place.run(words(follow))).toMatchObject({ exitCode: 0 });
  const [failed, good] = ["2".repeat(40), "1".repeat(40)];
  expect(github.dispatches).toMatchObject([
    {
      repository: "you/gitops",
      eventType: "argo-degraded",
      clientPayload: { failed_revision: failed, healthy_revision: good },
    },
  ]);

  // What Argo CD tells of two syncs.
  for (const digit of ["3", "4"])
    await send(healthy.replace('"try"', '"web"').replaceAll("1".repeat(40), digit.repeat(40)));
  expect((await place.run(words(revisions))).stdout).toMatch(/web +4{12} +healthy, current/);
  expect((await place.run(words(dryRun))).stdout).toBe(
    `web would go from ${"4".repeat(40)} back to ${"3".repeat(40)}, by rollback`,
  );
  expect(github.dispatches).toHaveLength(1);
});
