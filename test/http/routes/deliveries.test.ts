import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receivedSchema } from "../../../src/client/schemas.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: github, secret: "${SECRET}" }
  other: { kind: github, secret: "${SECRET}" }
actions:
  deploy:
    workdir: .
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    on:
      - { source: app, event: push, branch: [main, "release/*"], with: { sha: event.commit.sha } }
      - { source: other, event: push, when: "event.commit.message.contains('[deploy]')", with: { sha: event.commit.sha } }
    steps: [{ shell: "true" }]
`;

let server: TestServer;
let count = 0;
const newSha = (): string => (count += 1).toString(16).padStart(40, "0");
const push = async (options: { branch?: string; path?: string; event?: string; body?: string } = {}) =>
  receivedSchema.parse(await (await server.push({ secret: SECRET, sha: newSha(), ...options })).json());

let started: Awaited<ReturnType<typeof push>>;
let unmatched: Awaited<ReturnType<typeof push>>;
let rejected = "";
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
  started = await push();
  unmatched = await push({ branch: "feature" });
  rejected = String((await problemOf(await server.push({ secret: SECRET, body: "{" })))["delivery_id"]);
  await push({ path: "/hooks/other", event: "ping" });
});
afterAll(() => server.close());

describe("GET /deliveries", () => {
  it("lists them newest first, page by page, none twice and none left out", async () => {
    const all = (await server.client.listDeliveries()).items.map(({ id }) => id);
    expect(all).toHaveLength(4);
    expect(all.toSorted().toReversed()).toEqual(all);
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await server.client.listDeliveries({ limit: 3, ...(cursor !== null && { cursor }) });
      pages.push(page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);
    expect(pages.map(({ length }) => length)).toEqual([3, 1]);
    expect(pages.flat()).toEqual(all);
  });

  it("does not shift when new ones come between two pages", async () => {
    const first = await server.client.listDeliveries({ limit: 2 });
    const before = (await server.client.listDeliveries()).items.map(({ id }) => id);
    await push();
    const rest = await server.client.listDeliveries({ cursor: first.next ?? "" });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(before);
  });

  it.each([
    [{ source: "other" }, "ping", "accepted"],
    [{ verdict: "rejected" }, "push", "rejected"],
    [{ event: "ping" }, "ping", "accepted"],
  ] as const)("with %j lists those alone", async (query, event, verdict) => {
    const { items } = await server.client.listDeliveries(query);
    expect(items.map((item) => [item.event, item.verdict])).toEqual([[event, verdict]]);
  });

  it.each(["limit=0", "limit=501", "limit=x", "verdict=maybe", "cursor=", `cursor=${"1".repeat(201)}`])(
    "with ?%s gets 400 and where the fault is",
    async (query) => {
      const response = await server.api(`/deliveries?${query}`);
      const problem = await problemOf(response);
      expect([response.status, problem.code]).toEqual([400, "request:invalid"]);
      expect(problem.detail).toContain(query.split("=")[0]);
    },
  );

  it.each(["x", "-1", "1e3", "9".repeat(30), "1;drop table deliveries", "../../x"])(
    "takes the cursor %s, which it never gave out, without harm",
    async (cursor) => {
      const response = await server.api(`/deliveries?cursor=${encodeURIComponent(cursor)}`);
      expect([200, 400]).toContain(response.status);
      expect((await server.client.listDeliveries()).items.length).toBeGreaterThan(3);
    },
  );
});

describe("GET /deliveries/:id", () => {
  it("shows it with the tasks it started, and no secret", async () => {
    const response = await server.api(`/deliveries/${started.delivery}`);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ id: started.delivery, tasks: started.tasks, replay_of: null });
    expect(text).not.toMatch(/sha256=|a-long-enough-secret/);
  });

  it("shows why a rejected one was rejected", async () => {
    expect(await server.client.getDelivery(rejected)).toMatchObject({ verdict: "rejected", tasks: [] });
  });

  it.each(["/deliveries/none", "/deliveries/none/body", "/deliveries/none/explain", "/deliveries/%2e%2e"])(
    "%s gets 404",
    async (path) => {
      const response = await server.api(path);
      expect(response.status).toBe(404);
      expect((await problemOf(response)).code).toMatch(/^(delivery|request):not_found$/);
    },
  );

  it("with an id of endless length gets 400 or 404", async () => {
    expect([400, 404, 414]).toContain((await server.api(`/deliveries/${"x".repeat(2_000)}`)).status);
  });
});

describe("GET /deliveries/:id/explain", () => {
  it("says rule by rule what matched", async () => {
    const { reasons, tasks } = await server.client.explainDelivery(started.delivery);
    expect(tasks).toEqual(started.tasks);
    expect(reasons.map(({ action, rule, matched, failed }) => [action, rule, matched, failed])).toEqual([
      ["deploy", 0, true, null],
      ["deploy", 1, false, "source"],
    ]);
  });

  it("says what did not, in a sentence", async () => {
    const { event, reasons } = await server.client.explainDelivery(unmatched.delivery);
    expect(event).toMatchObject({ name: "push", branch: "feature", repository: "octo/app" });
    expect(reasons[0]).toMatchObject({ matched: false, failed: "branch" });
    expect(reasons[0]?.explanation).toContain("feature");
  });

  it("says that a body could not be understood", async () => {
    expect(await server.client.explainDelivery(rejected)).toMatchObject({ event: null, tasks: [] });
  });
});

describe("POST /deliveries/:id/replay", () => {
  it("takes it in as a new one, linked to the first, and starts what it matches", async () => {
    const replayed = await server.client.replayDelivery(started.delivery);
    expect(replayed).toMatchObject({ duplicate: false, event: "push" });
    expect(replayed.delivery).not.toBe(started.delivery);
    expect(replayed.tasks.map(({ action }) => action)).toEqual(["deploy"]);
    expect(replayed.tasks[0]?.id).not.toBe(started.tasks[0]?.id);
    expect(await server.client.getDelivery(replayed.delivery)).toMatchObject({
      replay_of: started.delivery,
      sender_id: null,
    });
  });

  it("as a dry run only says what it would do", async () => {
    const before = (await server.client.listDeliveries({ limit: 500 })).items.length;
    const { tasks, reasons } = await server.client.replayDelivery(started.delivery, { dryRun: true });
    expect(tasks).toEqual([]);
    expect(reasons?.map(({ matched }) => matched)).toEqual([true, false]);
    expect((await server.client.listDeliveries({ limit: 500 })).items).toHaveLength(before);
  });

  it("needs no body, and takes no unknown key in one", async () => {
    const path = `/deliveries/${unmatched.delivery}/replay`;
    expect((await server.api(path, { method: "POST" })).status).toBe(202);
    const wrong = await server.api(path, { json: { dryrun: true } });
    expect((await problemOf(wrong)).detail).toContain("dryrun");
    expect(wrong.status).toBe(400);
  });

  it("of a rejected one gets 409, of an unknown one 404", async () => {
    const conflict = await server.api(`/deliveries/${rejected}/replay`, { method: "POST" });
    expect((await problemOf(conflict)).code).toBe("delivery:not_replayable");
    const unknown = await server.api("/deliveries/none/replay", { method: "POST" });
    expect((await problemOf(unknown)).code).toBe("delivery:not_found");
  });
});
