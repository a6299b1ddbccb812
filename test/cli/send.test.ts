import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { sourceKinds } from "../../src/sources/registry.ts";
import { senders } from "../../src/senders/registry.ts";
import { createPlace, type Place } from "../support/cli.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const PUBLIC = rsa.publicKey.export({ format: "pem", type: "spki" }).toString();
const PRIVATE = rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const SECRET = "secret-of-the-tests";
const KEY = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

/** The settings of a source of that kind, beside its kind. */
const settingsOf = (kind: string): string => {
  if (kind === "travis") return `repositories: ["ada/*"], public_keys: [${JSON.stringify(PUBLIC)}]`;
  return kind === "standard-webhooks" ? `secrets: ["${KEY}"]` : `secrets: ["\${THE_SECRET}"]`;
};

const kinds = [...sourceKinds.keys()];
const settings = `
server: { listen: 127.0.0.1:0 }
sources:
${kinds.map((kind) => `  ${kind}: { kind: ${kind}, ${settingsOf(kind)} }`).join("\n")}
  open: { kind: generic, unsafe_no_auth: true, path: /open }
actions:
  deploy:
    on:
      - { source: github, event: push, branch: main }
      - { source: jobserv, event: build, when: "event.status == 'PASSED'" }
      - { source: open, event: knock }
    steps: [{ run: [echo, deployed] }]
`;

const answer = z.object({
  url: z.string(),
  status: z.number(),
  delivery: z.string().nullable(),
  duplicate: z.boolean(),
  tasks: z.array(z.looseObject({ action: z.string() })),
  reasons: z.array(z.looseObject({ matched: z.boolean(), failed: z.string().nullable() })),
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
});

let place: Place;
let url: string;
const env = { THE_SECRET: SECRET };
const send = (args: readonly string[], input = "") => place.run(["send", ...args], { env, input });
async function sendJson(args: readonly string[], input?: string) {
  const ran = await send([...args, "--json"], input);
  return { exitCode: ran.exitCode, ...answer.parse(ran.json()[0]) };
}

beforeAll(async () => {
  place = await createPlace(settings);
  await place.write("travis.pem", PRIVATE);
  await place.write(".env", `THE_SECRET=${SECRET}\n`);
  ({ url } = await place.serve());
});
afterAll(() => place.close());

describe("send", () => {
  it.each(kinds)("makes what a source of the kind %s takes", async (kind) => {
    const [event = "push"] = senders.get(kind)?.anyEvent === undefined ? eventsOf(kind) : ["push"];
    const key = kind === "travis" ? ["--secret-file", "travis.pem"] : [];
    const sent = await sendJson([kind, event, ...key]);
    expect(sent).toMatchObject({ exitCode: 0, error: null, duplicate: false, url: containingUrl(kind) });
    expect([200, 202]).toContain(sent.status);
    const [delivery] = (await place.run(["deliveries", "--source", kind, "--json"], { env })).json();
    expect(delivery).toMatchObject({ id: sent.delivery, kind, verdict: "accepted" });
  });

  it("shows what was started, and why", async () => {
    const ran = await send(["github", "push", "--follow"]);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stderr).toContain(`→ POST ${url}/hooks/github`);
    expect(ran.stdout).toMatch(/← 202\nStored as delivery [-0-9a-f]{36}\nStarted deploy: /);
    expect(ran.stdout).toContain("✓ starts deploy (rule 1)");
    expect(ran.stdout).toContain("deployed");
  });

  it("shows what was not, and why, also where the sender is answered in words of its own", async () => {
    const other = await send(["github", "push", "--branch", "other"]);
    expect(other.stdout).toContain("- does not start deploy (rule 1): The branch other does not match main");
    const failed = await send(["jobserv", "build", "--status", "FAILED"]);
    expect(failed.stdout).toMatch(/← 200 OK\nStored as delivery /);
    expect(failed.stdout).toContain("event.status == 'PASSED' is false");
    expect((await sendJson(["jobserv", "build"])).tasks).toMatchObject([{ action: "deploy" }]);
  });

  it("tells of what the settings know by the sender's names, and of any where senders choose them", async () => {
    expect(await sendJson(["gitlab", "Push Hook"])).toMatchObject({ exitCode: 0, status: 202 });
    expect(await sendJson(["open", "knock"])).toMatchObject({ status: 202, tasks: [] });
    expect(await sendJson(["github", "ping"])).toMatchObject({ status: 200, tasks: [] });
  });

  it("sends what it is given", async () => {
    await place.write("push.json", `{"ref":"refs/heads/main","after":"${"4".repeat(40)}"}`);
    const first = await sendJson(["github", "push", "--payload", "push.json"]);
    expect(first).toMatchObject({ status: 202, duplicate: false, tasks: [{ action: "deploy" }] });
    expect(await sendJson(["github", "push", "--payload", "push.json", "--form"])).toMatchObject({
      status: 202,
      duplicate: false,
    });
    expect(await sendJson(["github", "push", "--payload", "push.json"])).toMatchObject({
      status: 202,
      duplicate: true,
      delivery: first.delivery,
    });
    expect(await sendJson(["github", "watch", "--payload", "-"], '{"action":"started"}')).toMatchObject({
      status: 202,
      tasks: [],
    });
    expect(await sendJson(["github", "push", "--payload", "-"], "{")).toMatchObject({
      exitCode: 1,
      status: 400,
      error: { code: "body:malformed" },
    });
  });

  it("says what a wrong secret leads to", async () => {
    const ran = await send(["github", "push", "--secret", "another-one"]);
    expect(ran).toMatchObject({ exitCode: 1 });
    expect(ran.stdout).toMatch(/← 401 .*\(signature:invalid\)/);
    expect(ran.stdout + ran.stderr).not.toContain(SECRET);
  });

  it("sends to a server that has other settings, or to a whole URL", async () => {
    const args = ["anything", "push", "--kind", "github", "--secret", SECRET, "--json"];
    const place2 = await createPlace();
    const whole = await place2.run(["send", ...args, "--to", `${url}/hooks/github`]);
    expect(whole).toMatchObject({ exitCode: 0 });
    expect(answer.parse(whole.json()[0])).toMatchObject({ status: 202, tasks: [{ action: "deploy" }] });
    const missing = await place2.run(["send", ...args, "--to", url]);
    expect(missing).toMatchObject({ exitCode: 1 });
    expect(answer.parse(missing.json()[0])).toMatchObject({
      url: `${url}/hooks/anything`,
      status: 404,
      error: { code: "request:not_found" },
    });
    await place2.close();
  });

  it.each([
    [["github", "pusk"], 2, /has no event pusk .*it has push, tag, .*\nDid you mean push\?/],
    [["githb", "push"], 3, /no source githb; .*\nDid you mean github\?/],
    [["x", "push", "--kind", "svn", "--to", "http://127.0.0.1:1"], 2, /no kind svn; there are github, /],
    [["travis", "build"], 2, /nothing to sign with: it takes the private key/],
    [["travis", "build", "--secret", "no key"], 2, /can't be signed with that/],
    [["github", "push", "--payload", "nowhere.json"], 3, /nowhere\.json can't be read/],
    [["github", "push", "--to", "ftp://x"], 2, /--to: expected a URL/],
    [["github", "push", "--sha", "main"], 2, /--sha: expected 7 to 64/],
  ])("says what is wrong with %j", async (args, exitCode, text) => {
    const ran = await send(args);
    expect(ran).toMatchObject({ exitCode, stdout: "" });
    expect(ran.stderr).toMatch(text);
  });
});

it("send runs what it starts where no server does", async () => {
  const alone = await createPlace(settings);
  const ran = await alone.run(["send", "github", "push"], { env });
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.stdout).toContain("deployed");
  await alone.close();
});

const containingUrl = (kind: string): unknown => expect.stringContaining(`/hooks/${kind}`);

/** Our names of the events that a kind's sender can make up. */
function eventsOf(kind: string): string[] {
  const told = { repository: "a/b", cloneUrl: null, branch: "b", tag: "t", sha: "", before: "", message: "" };
  const facts = { ...told, status: null, draft: false, fork: false, now: new Date() };
  return Object.keys(senders.get(kind)?.samples(facts, { callback_hosts: [] }) ?? {});
}
