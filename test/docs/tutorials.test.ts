import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, describe, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";
import { blocksOf, pages, readPage } from "./pages.ts";

const SECRET = `whsec_${Buffer.alloc(24, "secret").toString("base64")}`;

let place: Place;
afterEach(() => place?.close());

/** The settings of a tutorial, but for what only its reader has: addresses, folders, the repository. */
function settingsOf(page: string, repository: string): string {
  const block = blocksOf(page).find(({ language, text }) => language === "yaml" && /^actions:/m.test(text));
  const text = (block?.text ?? "")
    .replaceAll(/https:\/\/[\w.]+\/me\/site\.git/g, repository)
    .replaceAll("/srv/", `${place.dir}/srv/`)
    .replace("listen: 127.0.0.1:8080", "listen: 127.0.0.1:0");
  return /^server:/m.test(text)
    ? text.replace("server: { public_url", "server: { listen: 127.0.0.1:0, public_url")
    : `server: { listen: 127.0.0.1:0 }\n${text}`;
}

/** A repository with the script that the tutorials speak of; resolves with its head. */
async function makeRepository(dir: string): Promise<string> {
  const script =
    "git init -q -b main . && echo 'echo deployed by the tutorial' > deploy.sh && git add . && git -c user.name=n -c user.email=e commit -q -m one && git rev-parse HEAD";
  await mkdir(dir);
  return (await execa("bash", ["-c", script], { cwd: dir })).stdout;
}

const WALKS = [
  { page: "docs/tutorials/github.md", event: "push", says: "deployed by the tutorial" },
  { page: "docs/tutorials/gitlab.md", event: "push", says: "deployed by the tutorial" },
  { page: "docs/tutorials/gitea.md", event: "push", says: "deployed by the tutorial" },
  { page: "docs/tutorials/foundries.md", event: "build", says: "built" },
];

describe("the tutorial", () => {
  it.each(WALKS)("$page ends with a deployment", async ({ page, event, says }) => {
    place = await createPlace();
    const repository = join(place.dir, "repository");
    const sha = await makeRepository(repository);
    await place.write("hookwright.yaml", settingsOf(page, repository));
    await place.write(".env", `SITE_SECRET=${SECRET}\nFACTORY_SECRET=${SECRET}\n`);
    expect(await place.run(["check"])).toMatchObject({ exitCode: 0 });
    await place.serve();
    // As the page has it, but for the commit.
    const [, line = ""] = /^ *hookwright (send .*)$/m.exec(readPage(page)) ?? [];
    expect(line).toContain(event);
    const sent = await place.run(line.replace(/[0-9a-f]{40}/, sha).split(" "));
    expect(sent).toMatchObject({ exitCode: 0 });
    const followed = await place.run(["follow", "last"]);
    expect(followed).toMatchObject({ exitCode: 0 });
    expect(followed.stdout).toContain(says);
  });

  it("is in the list of them", () => {
    const list = readPage("docs/tutorials/README.md");
    for (const page of pages.filter(
      (name) => /^docs\/tutorials\/\w+\.md$/.test(name) && !name.endsWith("README.md"),
    )) {
      expect(list).toContain(`(${page.replace("docs/tutorials/", "")})`);
    }
  });
});
