import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reporterSchema } from "../../../src/client/schemas.ts";
import { hashPassword } from "../../../src/lib/passwords.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const TOKEN = "the one token";
const SETTINGS = `
work: { concurrency: 1 }
actions:
  deploy:
    workdir: .
    concurrency: { group: one }
    params: { sha: { pattern: "[0-9a-f]{4,40}" }, note: { default: "" } }
    steps:
      - { name: first, run: [echo, "\${{ params.sha }}"], progress: 40 }
      - { name: second, run: [sleep, "0.05"], progress: 100 }
  fail:
    workdir: .
    concurrency: { group: one }
    steps:
      - { run: [echo, one], progress: 30, undo: { run: [echo, undone-one] } }
      - { run: [echo, two], progress: 60, undo: { run: [echo, undone-two] } }
      - run: ["false"]
  fail-twice:
    workdir: .
    concurrency: { group: one }
    steps:
      - { run: [echo, one], undo: { run: ["false"] } }
      - run: ["false"]
  wait:
    workdir: .
    concurrency: { group: one }
    steps:
      - { name: done, run: [echo, one], undo: { run: [echo, undone-one] } }
      - { name: waiting, run: [sleep, "600"] }
  alone:
    workdir: .
    concurrency: { group: one, policy: reject }
    steps: [{ run: [echo, alone] }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, env: { TOKEN_HASH: await hashPassword(TOKEN) } });
});
afterAll(() => server.close());

interface Sent {
  readonly query?: Readonly<Record<string, string>>;
  readonly type?: string | null;
  readonly method?: string;
  readonly to?: TestServer;
}

/** `body`: a text as it stands, or what becomes JSON. */
function post(
  body: unknown,
  { query = {}, type = "application/json", method = "POST", to = server }: Sent = {},
) {
  const search = new URLSearchParams(query).toString();
  const bytes =
    typeof body === "string"
      ? new TextEncoder().encode(body)
      : new TextEncoder().encode(JSON.stringify(body));
  return to.fetch(`/${search === "" ? "" : `?${search}`}`, {
    method,
    ...(type !== null && { headers: { "content-type": type } }),
    ...(method !== "GET" && { body: bytes }),
  });
}

const call = (fields: Readonly<Record<string, unknown>>) => post({ token: TOKEN, ...fields });
const reporter = async (response: Response) => reporterSchema.parse(await response.json());

async function start(action: string, fields = {}): Promise<string> {
  return (await reporter(await call({ action, ...fields }))).id;
}

const follow = async (id: string) => reporter(await call({ action: "follow-action", id }));

/** Follows as K-App's own client does, until the state is the last; gives each state and progress seen. */
async function followTo(id: string, last: string): Promise<{ states: string[]; progress: number[] }> {
  const states: string[] = [];
  const progress: number[] = [];
  const step = async () => {
    const seen = await follow(id);
    if (states.at(-1) !== seen.state) states.push(seen.state);
    progress.push(seen.progress);
    return seen.state;
  };
  await expect.poll(step, { timeout: 20_000, interval: 2 }).toBe(last);
  return { states, progress };
}

describe("the order of checks", () => {
  const text = "text/plain; charset=utf-8";
  const html = "text/html; charset=utf-8";
  const json = "application/json; charset=utf-8";

  it.each([
    ["malformed JSON, before the token", '{"token":', {}, 400, html, /<pre>Bad Request<\/pre>/],
    ["JSON that is neither object nor list", '"text"', {}, 400, html, /<pre>Bad Request<\/pre>/],
    ["a list", "[]", {}, 403, text, /^Forbidden$/],
    ["no body", "", {}, 403, text, /^Forbidden$/],
    ["no token", { action: "deploy" }, {}, 403, text, /^Forbidden$/],
    ["an empty token", { token: "", action: "deploy" }, {}, 403, text, /^Forbidden$/],
    ["a token that is no text", { token: 7 }, {}, 403, text, /^Forbidden$/],
    ["a wrong token", { token: "wrong", action: "deploy" }, {}, 403, text, /^Forbidden$/],
    [
      "a wrong token, before the unknown action",
      { token: "wrong", action: "none" },
      {},
      403,
      text,
      /^Forbidden$/,
    ],
    [
      "a form",
      `token=${TOKEN}&action=deploy`,
      { type: "application/x-www-form-urlencoded" },
      403,
      text,
      /^Forbidden$/,
    ],
    ["JSON that calls itself text", { token: TOKEN }, { type: "text/plain" }, 403, text, /^Forbidden$/],
    [
      "JSON of another kind",
      { token: TOKEN },
      { type: "application/json-patch+json" },
      403,
      text,
      /^Forbidden$/,
    ],
    ["no content type", { token: TOKEN }, { type: null }, 403, text, /^Forbidden$/],
    ["no action", { token: TOKEN }, {}, 400, text, /^Bad Request$/],
    ["an empty action", { token: TOKEN, action: "" }, {}, 400, text, /^Bad Request$/],
    ["an unknown action", { token: TOKEN, action: "none" }, {}, 404, text, /^Not Found$/],
    ["an action of every object", { token: TOKEN, action: "constructor" }, {}, 404, text, /^Not Found$/],
    [
      "more than 100 KiB",
      { token: TOKEN, more: "x".repeat(100 * 1024) },
      {},
      413,
      html,
      /<pre>Payload Too Large<\/pre>/,
    ],
    [
      "a param too few",
      { token: TOKEN, action: "deploy" },
      {},
      400,
      json,
      /^"sha field must be a string, received undefined"$/,
    ],
    [
      "a number",
      { token: TOKEN, action: "deploy", sha: 7 },
      {},
      400,
      json,
      /^"sha field must be a string, received number"$/,
    ],
    [
      "null",
      { token: TOKEN, action: "deploy", sha: null },
      {},
      400,
      json,
      /^"sha field must be a string, received object"$/,
    ],
    [
      "a list of shas",
      { token: TOKEN, action: "deploy", sha: [] },
      {},
      400,
      json,
      /^"sha field must be a string, received object"$/,
    ],
    ["a sha that is none", { token: TOKEN, action: "deploy", sha: "-x" }, {}, 400, json, /^"sha starts with/],
    [
      "no id to follow",
      { token: TOKEN, action: "follow-action" },
      {},
      400,
      json,
      /^"id field must be a string, received undefined"$/,
    ],
    [
      "no id to cancel",
      { token: TOKEN, action: "cancel-action", id: 1 },
      {},
      400,
      json,
      /^"id field must be a string, received number"$/,
    ],
    [
      "an id to follow that is none",
      { token: TOKEN, action: "follow-action", id: "x" },
      {},
      400,
      json,
      /^"Could not find id x"$/,
    ],
    [
      "an id to cancel that is none",
      { token: TOKEN, action: "cancel-action", id: "x" },
      {},
      400,
      json,
      /^"Could not find id x"$/,
    ],
  ] as const)("%s", async (_name, body, sent, status, type, content) => {
    const response = await post(body, sent);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe(type);
    expect(await response.text()).toMatch(content);
    expect(response.headers.get("x-api-uuid")).not.toBeNull();
  });

  it("lets the query win over the body", async () => {
    const body = { token: "wrong", action: "none", id: "body" };
    const query = { token: TOKEN, action: "follow-action", id: "query" };
    expect(await (await post(body, { query })).json()).toBe("Could not find id query");
    expect(
      (await post({ token: TOKEN, action: "follow-action", id: "x" }, { query: { token: "wrong" } })).status,
    ).toBe(403);
  });

  it("takes everything from the query, too", async () => {
    const query = { token: TOKEN, action: "follow-action", id: "query" };
    expect(await (await post("", { query, type: null })).json()).toBe("Could not find id query");
  });

  it("takes a body of just 100 KiB", async () => {
    const body = JSON.stringify({ token: TOKEN, action: "none", more: "" });
    const full = body.replace('""', `"${"x".repeat(100 * 1024 - body.length)}"`);
    expect((await post(full)).status).toBe(404);
  });

  it("answers GET / with a greeting, and as POST where it has an action", async () => {
    const greeting = await server.fetch("/");
    expect([greeting.status, greeting.headers.get("content-type")]).toEqual([200, text]);
    expect(await greeting.text()).toMatch(/^Hookwright \d/);
    const query = { token: TOKEN, action: "follow-action", id: "x" };
    expect(await (await post("", { query, method: "GET" })).json()).toBe("Could not find id x");
    expect((await post("", { query: { action: "deploy" }, method: "GET" })).status).toBe(403);
  });

  it.each(["PUT", "DELETE", "PATCH"])("answers %s / with 404", async (method) => {
    expect((await post("{}", { method })).status).toBe(404);
  });
});

describe("a reporter", () => {
  it("is given at once, has its keys in K-App's order, and metadata", async () => {
    const response = await call({ action: "deploy", sha: "abcd" });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "application/json; charset=utf-8",
    ]);
    const text = await response.text();
    expect(text).toMatch(
      /^\{"id":"[^"]+","state":"ENQUEUED","progress":0,"startDate":null,"endDate":null,"metadata":\{/,
    );
    const { id, metadata } = reporterSchema.parse(JSON.parse(text));
    expect(metadata).toMatchObject({
      action: "deploy",
      params: { sha: "abcd", note: "" },
      outcome: null,
      reason: null,
    });
    await followTo(id, "COMPLETED");
  });

  it("goes from ENQUEUED over RUNNING to COMPLETED, its progress never back", async () => {
    const id = await start("deploy", { sha: "abcd" });
    const { states, progress } = await followTo(id, "COMPLETED");
    expect(["ENQUEUED", "RUNNING", "COMPLETED"].filter((state) => states.includes(state))).toEqual(states);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(new Set(progress).size).toBeGreaterThan(1);
    const { startDate, endDate, progress: last, metadata } = await follow(id);
    expect(last).toBe(100);
    for (const date of [startDate, endDate]) expect(new Date(date ?? "").toISOString()).toBe(date);
    expect(Date.parse(endDate ?? "")).toBeGreaterThanOrEqual(Date.parse(startDate ?? ""));
    expect(metadata).toMatchObject({ outcome: "succeeded", position: null, step: null });
  });

  it("of a step that fails: CANCELLING, then CANCELLED, with the undos last first and the progress kept", async () => {
    const id = await start("fail");
    const { states } = await followTo(id, "CANCELLED");
    const known = ["ENQUEUED", "RUNNING", "CANCELLING", "CANCELLED"];
    expect(known.filter((state) => states.includes(state))).toEqual(states);
    const seen = await follow(id);
    expect(seen).toMatchObject({ progress: 60, metadata: { outcome: "failed" } });
    expect(seen.metadata["reason"]).toMatch(/exited with 1/);
    expect(seen.endDate).not.toBeNull();
    const undone = (await server.lines(id)).filter((line) => line.startsWith("undone-"));
    expect(undone).toEqual(["undone-two", "undone-one"]);
  });

  it("of an undo that fails too: FAILED_CANCELLING", async () => {
    const id = await start("fail-twice");
    await followTo(id, "FAILED_CANCELLING");
    expect((await follow(id)).metadata).toMatchObject({ outcome: "failed" });
  });
});

describe("cancel-action", () => {
  it("ends a running task, undos it, and never leaves it CANCELLING", async () => {
    const id = await start("wait");
    await expect.poll(async () => (await follow(id)).metadata["step"]).toBe("waiting");
    const answer = await reporter(await call({ action: "cancel-action", id }));
    expect(answer.id).toBe(id);
    expect(["CANCELLING", "CANCELLED"]).toContain(answer.state);
    await followTo(id, "CANCELLED");
    expect((await follow(id)).metadata).toMatchObject({ outcome: "cancelled", reason: "Cancelled by kapp" });
    expect(await server.lines(id)).toContain("undone-one");
  });

  it("takes a waiting task out of the queue for good", async () => {
    const running = await start("wait");
    await expect.poll(async () => (await follow(running)).state).toBe("RUNNING");
    const waiting = await start("deploy", { sha: "abcd" });
    expect((await follow(waiting)).state).toBe("ENQUEUED");
    expect(await reporter(await call({ action: "cancel-action", id: waiting }))).toMatchObject({
      state: "CANCELLED",
      startDate: null,
    });
    await call({ action: "cancel-action", id: running });
    await followTo(running, "CANCELLED");
  });

  it("of a task that has ended says so, with its state", async () => {
    const id = await start("deploy", { sha: "abcd" });
    await followTo(id, "COMPLETED");
    const response = await call({ action: "cancel-action", id });
    expect(response.status).toBe(400);
    expect(await response.json()).toBe("Task can't be cancelled. (status: COMPLETED)");
  });
});

describe("tasks", () => {
  it("run one at a time, in order", async () => {
    const ids = [await start("deploy", { sha: "aaaa" }), await start("deploy", { sha: "bbbb" })];
    for (const id of ids) await followTo(id, "COMPLETED");
    const [first, second] = await Promise.all(ids.map(follow));
    expect(Date.parse(second?.startDate ?? "")).toBeGreaterThanOrEqual(Date.parse(first?.endDate ?? "x"));
  });

  it("that their group does not let in are refused in words", async () => {
    const running = await start("wait");
    const response = await call({ action: "alone" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatch(/^Another task of the concurrency group/);
    await call({ action: "cancel-action", id: running });
    await followTo(running, "CANCELLED");
  });
});

describe("other settings", () => {
  it.each(["not a hash", "$argon2id$v=19$m=1$broken"])("TOKEN_HASH=%s: 500", async (hash) => {
    const other = await startTestServer({ settings: SETTINGS, env: { TOKEN_HASH: hash }, work: false });
    try {
      const response = await post({ token: TOKEN, action: "deploy" }, { to: other });
      expect([response.status, await response.text()]).toEqual([500, "Internal Server Error"]);
      expect((await post({ action: "deploy" }, { to: other })).status).toBe(403);
    } finally {
      await other.close();
    }
  });

  it("without TOKEN_HASH the API is off", async () => {
    const other = await startTestServer({ settings: SETTINGS, work: false });
    try {
      const response = await post({ token: TOKEN, action: "deploy" }, { to: other });
      expect((await problemOf(response)).code).toBe("request:not_found");
      expect((await other.fetch(`/?action=deploy&token=x`)).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it("makes guessing slow, many at once too", async () => {
    const env = { TOKEN_HASH: await hashPassword(TOKEN) };
    const other = await startTestServer({ settings: SETTINGS, env, work: false });
    try {
      const guess = async () => (await post({ token: "wrong", action: "deploy" }, { to: other })).status;
      const statuses = await Promise.all(Array.from({ length: 30 }, guess));
      expect(statuses.filter((status) => status === 403)).toHaveLength(20);
      const last = await post({ token: TOKEN, action: "deploy" }, { to: other });
      expect([last.status, await last.text()]).toEqual([429, "Too Many Requests"]);
      expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    } finally {
      await other.close();
    }
  });
});
