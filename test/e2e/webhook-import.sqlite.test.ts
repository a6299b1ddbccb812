import { createHmac } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { receivedSchema } from "../../src/client/schemas.ts";
import { importWebhook } from "../../src/settings/import/webhook.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const SECRET = "s3cr3t-0123456789abcdef";
const SHA = "4".repeat(40);

/** Hooks of adnanh/webhook whose commands write down what they got. */
const hooksIn = (dir: string) => [
  {
    id: "github",
    "execute-command": join(dir, "tell.sh"),
    "command-working-directory": dir,
    "pass-arguments-to-command": [
      { source: "string", name: "github.txt" },
      { source: "payload", name: "head_commit.id" },
      { source: "payload", name: "commits.0.modified" },
      { source: "payload", name: "not.there" },
      { source: "header", name: "X-GitHub-Event" },
    ],
    "pass-environment-to-command": [{ source: "payload", name: "pusher.name", envname: "WHO" }],
    "trigger-rule": {
      and: [
        {
          match: {
            type: "payload-hmac-sha256",
            secret: SECRET,
            parameter: { source: "header", name: "X-Hub-Signature-256" },
          },
        },
        {
          match: {
            type: "regex",
            regex: "^refs/heads/(main|release/.+)$",
            parameter: { source: "payload", name: "ref" },
          },
        },
        {
          not: {
            match: {
              type: "value",
              value: "skipper",
              parameter: { source: "payload", name: "sender.login" },
            },
          },
        },
      ],
    },
  },
  {
    id: "file",
    "execute-command": join(dir, "keep.sh"),
    "command-working-directory": dir,
    "pass-file-to-command": [{ source: "payload", name: "data", envname: "DATA", base64decode: true }],
    "pass-environment-to-command": [{ source: "entire-payload", envname: "BODY" }],
    "trigger-rule": {
      match: { type: "value", value: SECRET, parameter: { source: "header", name: "X-Token" } },
    },
  },
  {
    id: "scalr",
    "execute-command": join(dir, "tell.sh"),
    "command-working-directory": dir,
    "pass-arguments-to-command": [
      { source: "string", name: "scalr.txt" },
      { source: "payload", name: "eventName" },
    ],
    "trigger-rule": { match: { type: "scalr-signature", secret: SECRET } },
  },
];

let dir: string;
let server: TestServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-hooks-"));
  await script("tell.sh", 'file=$1; shift; { printf "%s|" "$@"; echo "$WHO"; } > "$file"');
  await script("keep.sh", 'cp "$DATA" kept.bin; printf "%s" "$BODY" > body.json; echo "$DATA" > name.txt');
  const { yaml } = importWebhook(JSON.stringify(hooksIn(dir)));
  server = await startTestServer({ settings: yaml });
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

async function script(name: string, text: string): Promise<void> {
  await writeFile(join(dir, name), `#!/bin/sh\n${text}\n`);
  await chmod(join(dir, name), 0o755);
}

const written = (name: string): Promise<string> => readFile(join(dir, name), "utf8");

async function send(hook: string, body: string, headers: Readonly<Record<string, string>>) {
  const response = await server.fetch(`/hooks/${hook}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  const { data } = receivedSchema.safeParse(await response.json());
  const [task] = data?.tasks ?? [];
  return {
    status: response.status,
    reasons: data?.reasons ?? [],
    task: task === undefined ? null : await server.ended(task.id),
  };
}

const push = (change: object = {}): string =>
  JSON.stringify({
    ref: "refs/heads/release/1.0",
    head_commit: { id: SHA },
    commits: [{ modified: ["a b", "c"] }],
    pusher: { name: "it's me" },
    sender: { login: "me" },
    ...change,
  });
const signed = (body: string) => ({
  "x-github-event": "push",
  "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
});

it("a converted hook runs its command with its arguments and variables", async () => {
  const body = push();
  const { status, task } = await send("github", body, signed(body));
  expect([status, task?.outcome]).toEqual([202, "succeeded"]);
  expect(await written("github.txt")).toBe(`${SHA}|["a b","c"]||push|it's me\n`);
});

it("its rule holds for what it held, and for nothing else", async () => {
  for (const change of [{ ref: "refs/heads/other" }, { sender: { login: "skipper" } }]) {
    const body = push(change);
    const { status, task, reasons } = await send("github", body, signed(body));
    expect([status, task, reasons[0]?.failed]).toEqual([202, null, "when"]);
  }
  expect((await send("github", push({ forged: 1 }), signed(push()))).status).toBe(401);
  expect((await send("github", push(), {})).status).toBe(401);
});

it("a converted hook gets its file, and the body as it was", async () => {
  const bytes = Buffer.from([0, 1, 2, 255, 10]);
  const body = JSON.stringify({ data: bytes.toString("base64"), n: 1 });
  const { task } = await send("file", body, { "x-token": SECRET });
  expect(task?.outcome).toBe("succeeded");
  expect(await readFile(join(dir, "kept.bin"))).toEqual(bytes);
  expect(JSON.parse(await written("body.json"))).toEqual(JSON.parse(body));
  await expect(readFile((await written("name.txt")).trim())).rejects.toMatchObject({ code: "ENOENT" });
  expect((await send("file", body, { "x-token": "another" })).status).toBe(401);
});

it("a converted hook of Scalr checks body and date", async () => {
  const body = '{"eventName":"HostUp"}';
  const at = (date: Date) => {
    const text = date.toUTCString().replace(",", "").replace("GMT", "UTC");
    return {
      date: text,
      "x-signature": createHmac("sha1", SECRET)
        .update(body + text)
        .digest("hex"),
    };
  };
  expect((await send("scalr", body, at(new Date()))).task?.outcome).toBe("succeeded");
  expect(await written("scalr.txt")).toBe("HostUp|\n");
  expect((await send("scalr", body, at(new Date(Date.now() - 600_000)))).status).toBe(401);
  expect(
    (await send("scalr", body, { ...at(new Date()), date: "Fri 08 Sep 2017 11:24:32 UTC" })).status,
  ).toBe(401);
});
