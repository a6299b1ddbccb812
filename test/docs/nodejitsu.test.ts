import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stopApp } from "../../src/lib/supervise/control.ts";
import { type FakeArchives, startFakeArchives } from "../fakes/github-archives.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { npmApp } from "../support/npm-app.ts";
import { createSmallRepository, type SmallRepository } from "../support/small-repository.ts";
import { blocksOf } from "./pages.ts";

const PASSWORD = "correct horse battery";
/** An app as the tutorial's reader has it, on a machine from which npm asks nobody. */
const filesOf = (version: string): Record<string, string> => ({
  ...npmApp(`require("node:http")
    .createServer((request, response) => response.end("hello from ${version}"))
    .listen(process.env.PORT, "127.0.0.1");`),
  ".npmrc": "offline=true\n",
});

let place: Place;
let repository: SmallRepository;
let github: FakeArchives;
let port: number;
beforeEach(async () => {
  place = await createPlace();
  repository = await createSmallRepository(join(place.dir, "repository"));
  github = await startFakeArchives({ repositories: { "dscape/hello-world": repository.dir } });
  port = await freePort();
});
afterEach(async () => {
  await stopApp(join(place.dir, "data/apps/hello-world"), port);
  await place.close();
  await github.close();
});

const blocks = blocksOf("docs/tutorials/nodejitsu.md");
const [settings, payload] = ["yaml", "json"].map(
  (language) => blocks.find((block) => block.language === language)?.text ?? "",
);
const lines = blocks
  .filter(({ language }) => language === "bash")
  .flatMap(({ text }) => text.trim().split("\n"));

it("the tutorial ends with an app that runs, and goes back", async () => {
  const [check = "", restart = "", addUser = "", makeToken = "", deploy = "", status = "", ...rest] = lines;
  const [releases = "", look = "", rollback = ""] = rest;
  const run = (line: string, input = "") => place.run(line.replace(/^hookwright /, "").split(" "), { input });
  const access = `github: { api_url: "${github.url}" }\noutbound: { allow: [127.0.0.0/8] }\n`;
  await place.write(
    "hookwright.yaml",
    `${settings?.replace("127.0.0.1:8080", "127.0.0.1:0").replace("3001", String(port))}${access}`,
  );
  expect(await run(check)).toMatchObject({ exitCode: 0 });
  expect(restart).toBe("systemctl restart hookwright");
  const { url } = await place.serve();
  expect(await run(addUser, PASSWORD)).toMatchObject({ exitCode: 0 });
  const token = (await run(makeToken)).stdout;

  /** As it stands, host, port and password aside. */
  const curl = async (line: string, secret = PASSWORD): Promise<string> => {
    const script = line
      .replace("https://hooks.example.com", url)
      .replace(":3001", `:${port}`)
      .replace("-u dscape", `-u 'dscape:${secret}'`)
      .replace("curl ", "curl -sS --fail-with-body ");
    return (await execa("bash", ["-c", script], { cwd: place.dir })).stdout;
  };
  const deployVersion = async (version: string, secret: string): Promise<unknown> => {
    const sha = await repository.commit(filesOf(version));
    await place.write("payload.json", (payload ?? "").replace(/[0-9a-f]{40}/, sha));
    return JSON.parse(await curl(deploy, secret));
  };
  expect(await deployVersion("one", PASSWORD)).toMatchObject({ ok: true, status: "ok" });
  expect(await curl(look)).toBe("hello from one");
  expect(await deployVersion("two", token)).toMatchObject({ ok: true, status: "ok" });
  expect(await curl(look)).toBe("hello from two");
  expect(JSON.parse(await curl(status))).toMatchObject([
    { status: "ok" },
    { status: "pending" },
    { status: "ok" },
    { status: "pending" },
  ]);
  expect((await run(releases)).stdout).toMatch(/hello-world .* current [^]*hello-world .* healthy /);
  expect(await (await fetch(`${url}/dscape/hello-world.svg`)).text()).toContain("ok");
  expect(await run(rollback)).toMatchObject({ exitCode: 0 });
  expect(await curl(look)).toBe("hello from one");
});
