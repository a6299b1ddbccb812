import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receivedSchema } from "../../../src/client/schemas.ts";
import { API_VERSION } from "../../../src/http/identity.ts";
import { githubPush, type PushOptions } from "../../support/push.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: github, secrets: ["${SECRET}", "the-older-secret-still-live"] }
  lab: { kind: gitlab, secret: "${SECRET}" }
  moved: { kind: github, secret: "${SECRET}", path: /elsewhere/in }
actions:
  deploy:
    workdir: .
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    on: [{ source: app, event: push, branch: [main], with: { sha: event.commit.sha } }]
    steps: [{ shell: "true" }]
  announce:
    workdir: .
    on: [{ source: app, event: push, branch: [main] }]
    steps: [{ shell: "true" }]
`;

let server: TestServer;
let count = 0;
/** Another commit each time: tests share the server, and equal pushes are repetitions. */
const newSha = (): string => (count += 1).toString(16).padStart(40, "0");

beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const push = (options: Partial<PushOptions & { path: string }> = {}) =>
  server.push({ secret: SECRET, sha: newSha(), ...options });
const received = async (response: Response) => receivedSchema.parse(await response.json());
const stored = async () => (await server.client.listDeliveries({ limit: 500 })).items;
const tasks = async () => (await server.client.listTasks({ limit: 500 })).items;
const tasksOf = async (id: string) => (await server.client.listTasks({ delivery_id: id })).items;

describe("a signed webhook", () => {
  it("is stored and answered with 202, its delivery and its tasks", async () => {
    const sha = newSha();
    const response = await push({ sha, id: "first" });
    expect(response.status).toBe(202);
    expect(response.headers.get("x-api-version")).toBe(API_VERSION);
    expect(response.headers.get("x-api-uuid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const answer = await received(response);
    expect(answer).toMatchObject({ duplicate: false, event: "push" });
    expect(answer.tasks.map(({ action }) => action)).toEqual(["deploy", "announce"]);
    expect(response.headers.get("location")).toBe(`/api/v1/deliveries/${answer.delivery}`);
    expect(await server.client.getDelivery(answer.delivery)).toMatchObject({
      source: "app",
      sender_id: "first",
      event: "push",
      verdict: "accepted",
      remote_address: "127.0.0.1",
      tasks: answer.tasks,
    });
    expect((await tasksOf(answer.delivery)).map(({ id, params }) => [id, params])).toEqual([
      [answer.tasks[1]?.id, {}],
      [answer.tasks[0]?.id, { sha }],
    ]);
  });

  it("has an x-api-uuid of its own", async () => {
    const pushed = await Promise.all([1, 2, 3].map(() => push()));
    const ids = pushed.map(({ headers }) => headers.get("x-api-uuid"));
    expect(new Set(ids).size).toBe(3);
    // The delivery can be found by it.
    const [first] = pushed;
    if (first === undefined) throw new Error("nothing was pushed");
    const { delivery } = await received(first);
    expect((await server.client.getDelivery(delivery)).headers).toMatchObject({ "x-api-uuid": ids[0] });
  });

  it("may be signed with any live secret", async () => {
    expect((await push({ secret: "the-older-secret-still-live" })).status).toBe(202);
  });

  it("is found on the path that its source has", async () => {
    expect((await push({ path: "/elsewhere/in" })).status).toBe(202);
    expect((await push({ path: "/hooks/moved" })).status).toBe(404);
  });

  it("that starts nothing says why", async () => {
    const answer = await received(await push({ branch: "feature" }));
    expect(answer.tasks).toEqual([]);
    expect(answer.reasons?.map(({ action, matched, failed }) => [action, matched, failed])).toEqual([
      ["deploy", false, "branch"],
      ["announce", false, "branch"],
    ]);
  });

  it("that tests the connection is answered with 200 and starts nothing", async () => {
    const response = await push({
      event: "ping",
      body: JSON.stringify({ zen: "Keep it logically awesome." }),
    });
    expect(response.status).toBe(200);
    const answer = await received(response);
    expect(answer).toMatchObject({ event: "ping", tasks: [] });
    expect(await tasksOf(answer.delivery)).toEqual([]);
  });

  it.each(["constructor", "__proto__", "toString"])("may be of an event named %s", async (name) => {
    const github = await push({ event: name });
    expect(github.status).toBe(202);
    expect(await received(github)).toMatchObject({ event: "other", tasks: [] });
    const gitlab = await server.fetch("/hooks/lab", {
      method: "POST",
      headers: { "content-type": "application/json", "x-gitlab-token": SECRET, "x-gitlab-event": name },
      body: JSON.stringify({ object_kind: name, name: "push" }),
    });
    expect(gitlab.status).toBe(202);
    expect(await received(gitlab)).toMatchObject({ event: "other", tasks: [] });
  });
});

describe("a repeated webhook", () => {
  it("is answered as the first was and starts nothing", async () => {
    const sha = newSha();
    const first = await push({ id: "same", sha });
    const before = [await stored(), await tasks()];
    const second = await push({ id: "same", sha });
    expect(second.status).toBe(first.status);
    expect(await received(second)).toEqual({ ...(await received(first)), duplicate: true });
    expect([await stored(), await tasks()]).toEqual(before);
  });

  it("starts once when twenty come at the same time", async () => {
    const { headers, body } = githubPush({ secret: SECRET, id: "stampede", sha: newSha() });
    const before = (await stored()).length;
    const send = () =>
      fetch(`${server.url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
    const responses = await Promise.all(Array.from({ length: 20 }, send));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(202));
    const answers = await Promise.all(responses.map(received));
    const [first] = answers;
    expect(new Set(answers.map(({ delivery }) => delivery)).size).toBe(1);
    expect(new Set(answers.flatMap((answer) => answer.tasks.map(({ id }) => id))).size).toBe(2);
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(await stored()).toHaveLength(before + 1);
    expect(await tasksOf(first?.delivery ?? "")).toHaveLength(2);
  });

  it("is the same when its signed bytes come under another id, which is not signed", async () => {
    const sha = newSha();
    const first = await received(await push({ id: "one", sha }));
    const second = await received(await push({ id: "two", sha }));
    expect(second).toMatchObject({ delivery: first.delivery, duplicate: true, tasks: first.tasks });
  });

  it("is another one when its bytes differ", async () => {
    const first = await received(await push());
    const second = await received(await push());
    expect(second.duplicate).toBe(false);
    expect(second.delivery).not.toBe(first.delivery);
  });
});

describe("the replay window", () => {
  it("ends where the settings say; an id counts for ever", async () => {
    const short = await startTestServer({
      settings: `server: { replay_window: 1ms }\n${SETTINGS}`,
      work: false,
    });
    try {
      const send = async (id: string) =>
        received(await short.push({ secret: SECRET, id, sha: "1".repeat(40) }));
      const { delivery } = await send("one");
      const { received_at: at } = await short.client.getDelivery(delivery);
      await expect.poll(() => Date.now() - Date.parse(at)).toBeGreaterThan(2);
      expect((await send("two")).duplicate).toBe(false);
      expect((await send("one")).duplicate).toBe(true);
    } finally {
      await short.close();
    }
  });
});
