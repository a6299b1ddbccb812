import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiError } from "../../../src/client/client.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SETTINGS = `
work: { concurrency: 8 }
actions:
  greet:
    description: Says hello
    workdir: .
    params:
      name: { pattern: "[a-z]+", description: Whom }
      loud: { default: "no", pattern: "yes|no" }
    steps:
      - name: hello
        run: [echo, "hello \${{ params.name }}"]
      - shell: 'for n in 1 2 3 4 5; do echo "line $n"; done'
  fail:
    workdir: .
    steps: [{ run: ["false"] }]
  wait:
    workdir: .
    concurrency: { policy: parallel }
    steps:
      - run: [echo, done]
        undo: { run: [echo, undone] }
      - shell: "echo waiting; exec sleep 600"
  queue:
    workdir: .
    concurrency: { group: one }
    steps: [{ run: [sleep, "600"] }]
  alone:
    workdir: .
    concurrency: { group: alone, policy: reject }
    steps: [{ run: [sleep, "600"] }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
});
afterAll(() => server.close());

const start = (action: string, params = {}) => server.client.startTask({ action, params });
/** What the server calls the token that the tests use. */
const ME = /^token:local/;

describe("POST /tasks", () => {
  it("starts an action and says where to look", async () => {
    const response = await server.api("/tasks", { json: { action: "greet", params: { name: "ada" } } });
    expect(response.status).toBe(202);
    const { items } = await server.client.listTasks({ action: "greet" });
    const [task] = items;
    expect(await response.json()).toEqual({
      id: task?.id,
      action: "greet",
      state: "ENQUEUED",
      outcome: null,
    });
    const ended = await server.ended(task?.id ?? "");
    expect(ended).toMatchObject({
      state: "COMPLETED",
      outcome: "succeeded",
      progress: 100,
      params: { name: "ada", loud: "no" },
      delivery_id: null,
      attempt: 1,
      position: null,
    });
    expect(ended.started_by.type === "manual" && ended.started_by.by).toMatch(ME);
    expect(ended.steps.map(({ name, state, exit_code: code }) => [name, state, code])).toEqual([
      ["hello", "succeeded", 0],
      [ended.steps[1]?.name, "succeeded", 0],
    ]);
    expect(await server.lines(ended.id)).toContain("hello ada");
  });

  it("as a dry run shows the plan and starts nothing", async () => {
    const before = (await server.client.listTasks({ limit: 500 })).items.length;
    const plan = await server.client.planTask({ action: "greet", params: { name: "ada" } });
    expect(plan.params).toEqual({ name: "ada", loud: "no" });
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["run", "shell"]);
    expect((await server.client.listTasks({ limit: 500 })).items).toHaveLength(before);
  });

  it("says everything that is wrong with the params at once", async () => {
    const params = { name: "Ada!", loud: "maybe", nmae: "x" };
    const response = await server.api("/tasks", { json: { action: "greet", params } });
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe("params:invalid");
    expect(problem["problems"]).toHaveLength(3);
    expect(problem.detail).toMatch(/did you mean name\?.*name is "Ada!".*loud is "maybe"/);
  });

  it("says everything that is wrong with the request at once", async () => {
    const response = await server.api("/tasks", { json: { action: 1, params: { a: 2 }, dry: true } });
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe("request:invalid");
    expect(problem["problems"]).toHaveLength(3);
    expect(problem.detail).toMatch(/action.*params\.a.*dry/);
  });

  it.each([
    ["nothing", "application/json", "", 400, "request:invalid"],
    ["no JSON", "application/json", "{ action", 400, "request:invalid"],
    ["JSON that is no object", "application/json", "[]", 400, "request:invalid"],
    [
      "a prototype",
      "application/json",
      '{"action":"greet","__proto__":{"dry_run":true}}',
      400,
      "request:invalid",
    ],
    [
      "JSON made to break parsers",
      "application/json",
      `{"action":${"[".repeat(100_000)}`,
      400,
      "request:invalid",
    ],
    ["a form", "application/x-www-form-urlencoded", "action=greet", 415, "body:unsupported"],
    ["a text", "text/plain", '{"action":"greet"}', 415, "body:unsupported"],
    ["more than a MiB", "application/json", `{"action":"${"x".repeat(1024 * 1024)}"}`, 413, "body:too_large"],
  ])("refuses %s", async (_name, type, body, status, code) => {
    const response = await server.api("/tasks", { method: "POST", headers: { "content-type": type }, body });
    expect(response.status).toBe(status);
    expect((await problemOf(response)).code).toBe(code);
  });

  it.each(["gret", "constructor", "__proto__", ""])("refuses the action %j", async (action) => {
    const response = await server.api("/tasks", { json: { action } });
    expect([400, 404]).toContain(response.status);
    expect((await problemOf(response)).code).toMatch(/^(action:not_found|request:invalid)$/);
  });

  it("tells the near miss of an action's name", async () => {
    await expect(start("gret")).rejects.toThrow("did you mean greet?");
  });

  it("refuses a task whose group is busy, where the policy is to reject", async () => {
    const first = await start("alone");
    const response = await server.api("/tasks", { json: { action: "alone" } });
    expect(response.status).toBe(409);
    const problem = await problemOf(response);
    expect(problem.code).toBe("task:rejected");
    expect(await server.client.getTask(String(problem["task_id"]))).toMatchObject({ outcome: "rejected" });
    await server.client.cancelTask(first.id);
  });
});

describe("GET /tasks", () => {
  it("lists by action, state, outcome and page", async () => {
    const failed = await start("fail");
    await server.ended(failed.id);
    const again = await start("fail");
    await server.ended(again.id);
    const ids = async (query: Parameters<typeof server.client.listTasks>[0]) =>
      (await server.client.listTasks(query)).items.map(({ id }) => id);
    expect(await ids({ action: "fail" })).toEqual([again.id, failed.id]);
    expect(await ids({ outcome: "failed" })).toEqual([again.id, failed.id]);
    expect(await ids({ action: "fail", state: "COMPLETED" })).toEqual([]);
    const page = await server.client.listTasks({ action: "fail", limit: 1 });
    expect(page.items.map(({ id }) => id)).toEqual([again.id]);
    expect(await ids({ action: "fail", cursor: page.next ?? "" })).toEqual([failed.id]);
    expect((await server.client.listTasks({ action: "fail", cursor: page.next ?? "" })).next).toBeNull();
  });

  it.each(["state=DONE", "outcome=good", "limit=1.5"])("with ?%s gets 400", async (query) => {
    expect((await problemOf(await server.api(`/tasks?${query}`))).code).toBe("request:invalid");
  });

  it.each([
    ["GET", "/tasks/none"],
    ["GET", "/tasks/none/log"],
    ["GET", "/tasks/none/events"],
    ["POST", "/tasks/none/cancel"],
    ["POST", "/tasks/none/retry"],
  ])("%s %s gets 404", async (method, path) => {
    const response = await server.api(path, { method });
    expect(response.status).toBe(404);
    expect((await problemOf(response)).code).toBe("task:not_found");
  });
});

describe("POST /tasks/:id/cancel", () => {
  it("ends a running task, with its undos", async () => {
    const { id } = await start("wait");
    await expect.poll(() => server.lines(id)).toContain("waiting");
    const response = await server.api(`/tasks/${id}/cancel`, { method: "POST" });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ id, state: "CANCELLING", outcome: "cancelled" });
    const ended = await server.ended(id);
    expect([ended.state, ended.outcome]).toEqual(["CANCELLED", "cancelled"]);
    expect(ended.reason).toMatch(/^Cancelled by token:local/);
    expect(await server.lines(id)).toContain("undone");
  });

  it("ends a waiting task before it has begun, and moves those behind it up", async () => {
    const [running, waiting, last] = [await start("queue"), await start("queue"), await start("queue")];
    await server.reached(running.id, "RUNNING");
    expect((await server.client.getTask(waiting.id)).position).toBe(1);
    expect((await server.client.getTask(last.id)).position).toBe(2);
    expect(await server.client.cancelTask(waiting.id)).toMatchObject({
      state: "CANCELLED",
      outcome: "cancelled",
      started_at: null,
      steps: [],
    });
    expect((await server.client.getTask(last.id)).position).toBe(1);
    await server.client.cancelTask(last.id);
    await server.client.cancelTask(running.id);
    await server.ended(running.id);
  });

  it("of an ended task gets 409 and says what it is", async () => {
    const { id } = await start("fail");
    await server.ended(id);
    const response = await server.api(`/tasks/${id}/cancel`, { method: "POST" });
    expect(response.status).toBe(409);
    const problem = await problemOf(response);
    expect([problem.code, problem["state"]]).toEqual(["task:not_cancellable", "CANCELLED"]);
  });

  it("given twenty times at once ends it once", async () => {
    const { id } = await start("wait");
    await server.reached(id, "RUNNING");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.api(`/tasks/${id}/cancel`, { method: "POST" })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
    expect(await server.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "cancelled" });
  });
});

describe("POST /tasks/:id/retry", () => {
  it("starts a new task like the ended one", async () => {
    const first = await start("greet", { name: "eve" });
    await server.ended(first.id);
    const response = await server.api(`/tasks/${first.id}/retry`, { method: "POST" });
    expect(response.status).toBe(202);
    const [again] = (await server.client.listTasks({ action: "greet", limit: 1 })).items;
    expect(again?.id).not.toBe(first.id);
    expect(again).toMatchObject({
      params: { name: "eve", loud: "no" },
      started_by: { type: "retry", task_id: first.id },
    });
    await server.ended(again?.id ?? "");
  });

  it("of a task that has not ended gets 409", async () => {
    const { id } = await start("wait");
    const error = await server.client.retryTask(id).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, code: "task:not_retryable" });
    await server.reached(id, "RUNNING");
    await server.client.cancelTask(id);
    await server.ended(id);
  });
});

describe("GET /tasks/:id/log", () => {
  it("gives it page by page in order, none twice and none left out", async () => {
    const { id } = await start("greet", { name: "log" });
    await server.ended(id);
    const all = (await server.client.listLog(id)).items;
    const paged: typeof all = [];
    for (;;) {
      const { items } = await server.client.listLog(id, { after: paged.at(-1)?.seq ?? 0, limit: 3 });
      if (items.length === 0) break;
      paged.push(...items);
    }
    expect(paged).toEqual(all);
    const output = all.filter(({ stream }) => stream === "stdout").map(({ text, step }) => [step, text]);
    expect(output).toEqual([[0, "hello log"], ...[1, 2, 3, 4, 5].map((n) => [1, `line ${n}`])]);
  });

  it.each(["after=-1", "after=x", "limit=0", "limit=1001"])("with ?%s gets 400", async (query) => {
    const [task] = (await server.client.listTasks({ limit: 1 })).items;
    const response = await server.api(`/tasks/${task?.id}/log?${query}`);
    expect((await problemOf(response)).code).toBe("request:invalid");
  });
});
