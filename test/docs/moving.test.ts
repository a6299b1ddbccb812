import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { receivedSchema } from "../../src/client/schemas.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { githubPush, type PushOptions } from "../support/push.ts";
import { createSmallRepository, type SmallRepository } from "../support/small-repository.ts";
import { blocksOf } from "./pages.ts";

const SECRET = "the-secret-that-github-has";
const REAL_PATH = process.env["PATH"] ?? "";

/** Whose pages have a file of the older server, the commands that take it over, and what becomes of it. */
const MOVES = [
  {
    page: "docs/adnanh-webhook.md",
    file: "hooks.json",
    path: "/hooks/site",
    commands: ["import", "check", "send", "serve", "deliveries", "explain", "logs"],
    tried: () => /redeploy\.sh [0-9a-f]{40} in site/,
    says: (sha: string) => [`redeploy.sh ${sha} in site`],
  },
  {
    page: "docs/webhooks-automata.md",
    file: "settings.yaml",
    path: "/webhook/site",
    commands: ["import", "check", "trigger", "trigger", "serve", "deliveries", "explain", "logs"],
    // What is planned, in its order, and then what has run.
    tried: (head: string) =>
      new RegExp(`1\\. .*systemctl stop site\\n.*2\\. .*git.*\\n.*3\\. .*make\\n[^]*make at ${head}`),
    says: (sha: string) => ["systemctl stop site in site", `make at ${sha}`],
  },
];

let place: Place;
let origin: SmallRepository;
let head: string;

/** The site that the pages speak of: a clone whose origin has a newer commit, and the programs that deploy it. */
beforeEach(async () => {
  place = await createPlace();
  origin = await createSmallRepository(join(place.dir, "origin"));
  await origin.commit({ page: "first" });
  const bin = join(place.dir, "bin");
  const site = join(place.dir, "srv/site");
  await mkdir(bin);
  await execa("git", ["branch", "-M", "main"], { cwd: origin.dir });
  await execa("git", ["clone", "-q", origin.dir, site]);
  head = await origin.commit({ page: "second" });
  const scripts = {
    [join(site, "redeploy.sh")]: 'echo "redeploy.sh $* in $(basename "$PWD")"',
    [join(bin, "systemctl")]: 'echo "systemctl $* in $(basename "$PWD")"',
    [join(bin, "make")]: 'echo "make at $(git rev-parse HEAD)"',
  };
  for (const [file, script] of Object.entries(scripts)) {
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
  process.env["PATH"] = `${bin}${delimiter}${REAL_PATH}`;
});
afterEach(async () => {
  process.env["PATH"] = REAL_PATH;
  await place.close();
});

/** The lines of a page for the shell, each with its first word first. */
const commandsOf = (page: string): string[][] =>
  blocksOf(page)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => [...text.matchAll(/^hookwright (.+)$/gm)])
    .map(([, line = ""]) => line.split(" "));

async function push(url: string, options: Omit<PushOptions, "secret"> & { readonly secret?: string }) {
  const { headers, body } = githubPush({ secret: SECRET, ...options });
  const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(body) });
  const { data } = receivedSchema.safeParse(await response.json());
  return { status: response.status, tasks: data?.tasks.length ?? null };
}

describe.each(MOVES)("$page", ({ page, file, path, commands, tried, says }) => {
  const [old, settings] = blocksOf(page).filter(({ language }) => ["json", "yaml"].includes(language));
  const lines = commandsOf(page);

  it("moves an older server's file over by its commands; what was sent to that one deploys", async () => {
    expect(lines.map(([command]) => command)).toEqual(commands);
    const before = (old?.text ?? "").replaceAll("/srv/", `${place.dir}/srv/`);
    await place.write(file, before);
    const start = commands.indexOf("serve");
    let said = "";
    for (const line of lines.slice(0, start)) {
      const ran = await place.run(line);
      expect(ran).toMatchObject({ exitCode: 0 });
      said += `${ran.stdout}\n`;
    }
    expect(said).toMatch(tried(head));
    const converted = join(place.dir, "hookwright.yaml");
    expect((await stat(converted)).mode & 0o777).toBe(0o600);
    const made = await readFile(converted, "utf8");
    const shown = made.replaceAll(`${place.dir}/srv/`, "/srv/").replace(SECRET, "${SITE_SECRET}");
    expect(parse(shown)).toEqual(parse(settings?.text ?? ""));

    const { url } = await place.serve();
    const sha = await origin.commit({ page: "third" });
    expect(await push(url + path, { sha, secret: "not-the-secret-of-github" })).toMatchObject({
      status: 401,
    });
    expect(await push(url + path, { sha, branch: "other" })).toEqual({ status: 202, tasks: 0 });
    expect(await push(url + path, { sha })).toEqual({ status: 202, tasks: 1 });
    expect(await place.run(["follow", "last"])).toMatchObject({ exitCode: 0 });
    const after = lines.slice(start + 1);
    const told = await Promise.all(after.map(async (line) => (await place.run(line)).stdout));
    const [deliveries = "", explained = "", log = ""] = told;
    expect(deliveries).toContain("push");
    expect(explained).toContain("starts site");
    for (const text of says(sha)) expect(log).toContain(text);
    // So that there is a way back.
    expect(await readFile(join(place.dir, file), "utf8")).toBe(before);
  });
});
