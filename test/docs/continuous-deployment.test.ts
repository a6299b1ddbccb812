import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createDeployWorld,
  type DeployWorld,
  githubPayload,
  PASSWORD,
  settingsFor,
} from "../support/deploy-world.ts";
import { until } from "../support/until.ts";
import { curlLines } from "./pages.ts";

const guide = await readFile(new URL("../../docs/continuous-deployment.md", import.meta.url), "utf8");
const all = curlLines(guide);
const OLDER = /https:\/+webhooks\.nodejitsu\.com/;
const lines = all.filter((line) => !OLDER.test(line));
const olderLines = all.filter((line) => OLDER.test(line));

const APP = "hello-world-api-flatiron";
const USERS = ["dscape", "username", "nodejitsuUser"];

let world: DeployWorld;
beforeAll(async () => {
  world = await createDeployWorld((github, travis) =>
    settingsFor(github, travis).replace(
      "hello: { repository: dscape/hello, users: [dscape] }",
      `hello: { repository: dscape/hello, users: [${USERS.join(", ")}] }`,
    ),
  );
  for (const name of USERS.slice(1)) await world.server.client.addUser({ name, password: PASSWORD });
  const sha = await world.repository.commit({ "package.json": JSON.stringify({ name: APP }) });
  for (const file of ["payload.json", "file"]) {
    await writeFile(join(world.server.dir, file), JSON.stringify(githubPayload(sha)));
  }
});
afterAll(() => world.close());

it("has lines of curl", () => {
  expect(lines.length).toBeGreaterThan(4);
  expect(olderLines).toHaveLength(4);
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

/** Of the older documentation; the options go behind `curl`, the line itself stands as it is. */
const older = (line: string): string =>
  line
    .replace(OLDER, world.server.url)
    .replace(/-u (\w+)/, `-u '$1:${PASSWORD}'`)
    .replace("githubUser:githubPass", "octocat:ghp_good");

it.each(olderLines.filter((line) => !line.includes("/changes")))(
  "the older documentation's line works, host, users and password aside: %s",
  async (line) => {
    const script = older(line).replace("curl ", "curl -sS --fail-with-body ");
    const { stdout } = await execa("bash", ["-c", script], { cwd: world.server.dir });
    const answer: unknown = JSON.parse(stdout);
    if (line.includes("/status/")) expect(answer).toEqual([]);
    else if (line.includes("/auth/"))
      expect(answer).toMatchObject({ ok: true, user: "nodejitsuUser", app: null });
    else expect(answer).toMatchObject({ ok: true, status: "ok", app_name: APP, provider: "github" });
  },
);

it("the older documentation's line for changes streams what comes, with documents", async () => {
  const line = olderLines.find((each) => each.includes("/changes")) ?? "";
  let heard = "";
  const curl = execa("bash", ["-c", `exec ${older(line).replace("curl ", "curl -sSN ")}`], {
    cwd: world.server.dir,
    reject: false,
  });
  curl.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString("utf8")));
  try {
    await until(
      async () => {
        const sha = await world.repository.commit({ version: String(Math.random()) });
        await (await world.deploy(githubPayload(sha))).text();
        return heard.includes('"status":"ok"');
      },
      { what: "a line of the stream" },
    );
  } finally {
    curl.kill();
    await curl;
  }
  const first = heard.split("\n").find((each) => each !== "") ?? "";
  expect(JSON.parse(first)).toMatchObject({ provider: "github", doc: { tasks: [{ action: "deploy" }] } });
});
