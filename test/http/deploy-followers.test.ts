import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createInbox } from "../../src/http/routes/nodejitsu/inbox.ts";
import { shareDocs } from "../../src/http/routes/nodejitsu/shared-docs.ts";
import { createDeployWorld, type DeployWorld, githubPayload } from "../support/deploy-world.ts";
import { until } from "../support/until.ts";

const FOLLOWERS = 1_000;
const PUSHES = 10;
const settings = (github: string): string => `
github: { api_url: "${github}" }
outbound: { allow: [127.0.0.0/8] }
deploy: { apps: { hello: { repository: dscape/hello, users: [dscape] } } }
actions:
  deploy:
    concurrency: { policy: parallel }
    on: [{ source: deploy, event: push }]
    steps: [{ run: ["true"] }]
`;

let world: DeployWorld;
const agent = new Agent({ maxSockets: Infinity });
beforeAll(async () => {
  world = await createDeployWorld(settings);
});
afterAll(async () => {
  agent.destroy();
  await world.close();
});

/** A connection of its own, with what it has been told so far. */
async function follow(): Promise<{ readonly response: IncomingMessage; readonly text: () => string }> {
  const sent = request(`${world.server.url}/1/status/dscape/changes?heartbeat=3600000`, {
    agent,
    headers: world.as("dscape"),
  });
  sent.on("error", () => undefined);
  sent.end();
  const [response] = z.tuple([z.custom<IncomingMessage>()]).parse(await once(sent, "response"));
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  response.on("error", () => undefined);
  return { response, text: () => text };
}

const push = (index: number): Promise<Response> =>
  world.deploy(githubPayload((index + 1).toString(16).padStart(40, "0")));

const entrySchema = z.object({ seq: z.number(), status: z.string(), commit: z.string() });
const entriesIn = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => entrySchema.parse(JSON.parse(line)));

describe("a thousand followers of a user's deploys", () => {
  it("are told every change once and in order", async () => {
    const followers: Awaited<ReturnType<typeof follow>>[] = [];
    // In groups: all at once they would only wait for each other to be let in.
    while (followers.length < FOLLOWERS) {
      followers.push(...(await Promise.all(Array.from({ length: 100 }, follow))));
    }
    expect(followers.every(({ response }) => response.statusCode === 200)).toBe(true);
    const answers = await Promise.all(Array.from({ length: PUSHES }, (_, index) => push(index)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const expected = PUSHES * 2;
    await until(() => followers.every(({ text }) => text().split("\n").length > expected), {
      what: "every follower to be told",
    });
    const [first] = followers;
    const told = entriesIn(first?.text() ?? "");
    expect(told).toHaveLength(expected);
    expect(told.map(({ seq }) => seq)).toEqual(told.map(({ seq }) => seq).toSorted((a, b) => a - b));
    expect(told.filter(({ status }) => status === "pending")).toHaveLength(PUSHES);
    expect(told.filter(({ status }) => status === "ok")).toHaveLength(PUSHES);
    const texts = new Set(followers.map(({ text }) => text()));
    expect(texts.size).toBe(1);
  });
});

describe("what waits for a follower", () => {
  it("is bounded: who is too slow is let go", async () => {
    let full = 0;
    const inbox = createInbox<number>(3, () => (full += 1));
    inbox.put([1, 2]);
    expect(await inbox.wait(60_000)).toBe(true);
    inbox.put([3, 4, 5]);
    expect(full).toBe(1);
    expect([inbox.take(), inbox.take(), inbox.take(), inbox.take()]).toEqual([1, 2, 3, undefined]);
  });

  it("is waited for", async () => {
    const inbox = createInbox<number>(3, () => undefined);
    expect(await inbox.wait(1)).toBe(false);
    const waits = inbox.wait(60_000);
    inbox.put([1]);
    expect(await waits).toBe(true);
    const woken = inbox.wait(60_000);
    inbox.take();
    inbox.wake();
    expect(await woken).toBe(true);
  });

  it("has its documents read once for all who ask at about the same time", async () => {
    let reads = 0;
    const docs = shareDocs({
      async deployDoc() {
        reads += 1;
        await delay(1);
        if (reads === 1) throw new Error("away");
        return { tasks: [] };
      },
    });
    const entry = z.custom<Parameters<typeof docs.deployDoc>[0]>().parse({ id: "x" });
    const failed = await Promise.allSettled([docs.deployDoc(entry), docs.deployDoc(entry)]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await Promise.all([docs.deployDoc(entry), docs.deployDoc(entry)]);
    expect(reads).toBe(2);
  });
});
