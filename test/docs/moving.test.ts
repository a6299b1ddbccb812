import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";
import { blocksOf } from "./pages.ts";

let place: Place;
afterEach(() => place.close());

/** As a file of adnanh/webhook's documentation has it. */
const HOOKS = [
  {
    id: "github",
    "execute-command": "/bin/echo",
    "pass-arguments-to-command": [{ source: "payload", name: "head_commit.id" }],
    "trigger-rule": {
      and: [
        {
          match: {
            type: "payload-hmac-sha256",
            secret: "a-secret-of-its-own-0123456789",
            parameter: { source: "header", name: "X-Hub-Signature-256" },
          },
        },
        {
          match: { type: "value", value: "refs/heads/main", parameter: { source: "payload", name: "ref" } },
        },
      ],
    },
  },
];

const SHA = "0123456789abcdef0123456789abcdef01234567";

it("a hook of adnanh/webhook moves over by the commands of its page", async () => {
  place = await createPlace();
  await place.write("hooks.json", JSON.stringify(HOOKS));
  const lines = (blocksOf("docs/adnanh-webhook.md")[0]?.text ?? "")
    .split("\n")
    .map((line) => line.replace(/\s*#.*$/, "").replace(/^hookwright /, ""));
  const [convert = "", check = "", send = "", serve = ""] = lines;
  expect([convert, check, send, serve]).toEqual([
    expect.stringMatching(/^import webhook hooks\.json /),
    "check",
    expect.stringMatching(/^send github push$/),
    "serve",
  ]);
  expect(await place.run(convert.split(" "))).toMatchObject({ exitCode: 0 });
  expect(await place.run([check])).toMatchObject({ exitCode: 0 });
  // Another server of this machine may have the port of the old one.
  const file = join(place.dir, "hookwright.yaml");
  const settings = await readFile(file, "utf8");
  expect(settings).toMatch(/listen: .*:9000/);
  await writeFile(file, settings.replace(/listen: .*:9000"?/, "listen: 127.0.0.1:0"));
  await place.serve();
  expect(await place.run([...send.split(" "), "--sha", SHA, "--branch", "other"])).toMatchObject({
    exitCode: 0,
  });
  expect((await place.run(["tasks", "--json"])).json()).toEqual([]);
  const sent = await place.run([...send.split(" "), "--sha", SHA, "--follow"]);
  expect(sent.exitCode).toBe(0);
  expect(sent.stdout).toContain(SHA);
});
