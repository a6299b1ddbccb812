import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDeployWorld, type DeployWorld, githubPayload, PASSWORD } from "../support/deploy-world.ts";

const guide = await readFile(new URL("../../docs/continuous-deployment.md", import.meta.url), "utf8");
const lines = [...guide.matchAll(/^curl (?:[^\n]*\\\n)*[^\n]*$/gm)].map(([line]) => line);

let world: DeployWorld;
beforeAll(async () => {
  world = await createDeployWorld();
  await writeFile(join(world.server.dir, "payload.json"), JSON.stringify(githubPayload(world.sha)));
});
afterAll(() => world.close());

it("has lines of curl", () => {
  expect(lines.length).toBeGreaterThan(4);
});

it.each(lines)("works as it stands, host, password and token aside: %s", async (line) => {
  const script = line
    .replaceAll("https://hooks.example.com", world.server.url)
    .replace("-u dscape", `-u 'dscape:${PASSWORD}'`)
    .replace("githubUser:ghp_token", "octocat:ghp_good")
    .replace("webhooks/hello-world", "webhooks/hello")
    // It would go on for ever.
    .replace("include_docs=true", "include_docs=true&feed=normal");
  const { stdout } = await execa("bash", ["-c", script.replace("curl ", "curl -sS --fail-with-body ")], {
    cwd: world.server.dir,
  });
  const said = stdout.split("\n").filter((each) => each !== "");
  for (const each of said) expect(() => JSON.parse(each) as unknown).not.toThrow();
});
