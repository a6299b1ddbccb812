import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/http/limits.ts";
import { collect, eventsOf, type StreamEvent } from "../../support/event-stream.ts";
import { problemOf } from "../../support/problems.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SETTINGS = `
work: { concurrency: 4 }
actions:
  count:
    workdir: .
    concurrency: { policy: parallel }
    params: { to: { pattern: "[0-9]+" }, pause: { default: "0", pattern: "[0-9.]+" } }
    steps:
      - shell: |
          n=0
          while [ "$n" -lt "$HOOKWRIGHT_PARAM_TO" ]; do
            n=$((n + 1)); echo "line $n"; sleep "$HOOKWRIGHT_PARAM_PAUSE"
          done
  wait:
    workdir: .
    concurrency: { policy: parallel }
    steps: [{ run: [sleep, "600"] }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
});
afterAll(() => server.close());

const start = async (action: string, params = {}) => (await server.client.startTask({ action, params })).id;
const follow = (id: string, headers = {}, query = "") =>
  server.api(`/tasks/${id}/events${query}`, { headers: { accept: "text/event-stream", ...headers } });
const logIds = (events: readonly StreamEvent[]) =>
  events.filter((event) => event.type === "log").map(({ id }) => Number(id));
const logOf = async (id: string) => (await server.client.listLog(id, { limit: 1_000 })).items;

describe("following a task", () => {
  it("shows each log entry once and in order, the states, and the end", async () => {
    const id = await start("count", { to: "50", pause: "0.005" });
    const response = await follow(id);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-api-uuid")).toMatch(/^[0-9a-f-]{36}$/);
    const events = await collect(eventsOf(response));
    const log = await logOf(id);
    expect(events.filter((event) => event.type === "log").map(({ entry }) => entry)).toEqual(log);
    expect(logIds(events)).toEqual(log.map(({ seq }) => seq));
    expect(log.filter(({ stream }) => stream === "stdout")).toHaveLength(50);
    const tasks = events.filter((event) => event.type === "task").map(({ task }) => task);
    expect(new Set(tasks.map(({ state }) => state))).toContain("RUNNING");
    expect(tasks.map(({ progress }) => progress)).toEqual(
      tasks.map(({ progress }) => progress).toSorted((a, b) => a - b),
    );
    expect(tasks.at(-1)).toEqual(await server.client.getTask(id));
    expect(events.at(-1)).toEqual({ type: "end", end: { state: "COMPLETED", outcome: "succeeded" } });
  });

  it("comes while it happens, not at the end", async () => {
    const id = await start("wait");
    const events = eventsOf(await follow(id));
    for await (const event of events) {
      if (event.type === "task" && event.task.state === "RUNNING") break;
    }
    await server.client.cancelTask(id);
    expect((await server.ended(id)).outcome).toBe("cancelled");
  });

  it("ends with how a cancelled task ended", async () => {
    const id = await start("wait");
    const events = collect(eventsOf(await follow(id)));
    await server.reached(id, "RUNNING");
    await server.client.cancelTask(id);
    expect((await events).at(-1)).toEqual({ type: "end", end: { state: "CANCELLED", outcome: "cancelled" } });
  });

  it("is the same for several at once", async () => {
    const id = await start("count", { to: "30", pause: "0.005" });
    const responses = await Promise.all([1, 2, 3, 4, 5].map(() => follow(id)));
    const all = await Promise.all(responses.map((response) => collect(eventsOf(response))));
    const seqs = (await logOf(id)).map(({ seq }) => seq);
    for (const events of all) expect(logIds(events)).toEqual(seqs);
  });
});

describe("resuming", () => {
  it("begins after Last-Event-ID, wherever that is", async () => {
    const id = await start("count", { to: "10" });
    await server.ended(id);
    const seqs = (await logOf(id)).map(({ seq }) => seq);
    for (const last of [0, ...seqs, (seqs.at(-1) ?? 0) + 1_000]) {
      const events = await collect(eventsOf(await follow(id, { "last-event-id": String(last) })));
      expect(logIds(events)).toEqual(seqs.filter((seq) => seq > last));
      expect(events.at(-1)?.type).toBe("end");
    }
  });

  it("begins after ?after as well, which the header overrules", async () => {
    const id = await start("count", { to: "5" });
    await server.ended(id);
    const seqs = (await logOf(id)).map(({ seq }) => seq);
    const [, second = 0, third = 0] = seqs;
    const byQuery = await collect(eventsOf(await follow(id, {}, `?after=${second}`)));
    expect(logIds(byQuery)).toEqual(seqs.slice(2));
    const byBoth = await collect(
      eventsOf(await follow(id, { "last-event-id": String(third) }, `?after=${second}`)),
    );
    expect(logIds(byBoth)).toEqual(seqs.slice(3));
  });

  it.each(["x", "-1", "1e3", "9".repeat(400), ""])("takes the Last-Event-ID %j for none", async (last) => {
    const id = await start("count", { to: "2" });
    await server.ended(id);
    const events = await collect(eventsOf(await follow(id, { "last-event-id": last })));
    expect(logIds(events)).toEqual((await logOf(id)).map(({ seq }) => seq));
  });

  it("leaves no gap and repeats nothing over connections that drop while the task runs", async () => {
    const id = await start("count", { to: "200", pause: "0.005" });
    const seen: number[] = [];
    let connections = 0;
    for (let ended = false; !ended; connections += 1) {
      const headers = { "last-event-id": String(seen.at(-1) ?? 0) };
      let taken = 0;
      for await (const event of eventsOf(await follow(id, headers))) {
        if (event.type === "end") ended = true;
        if (event.type === "log") seen.push(Number(event.id));
        if (event.type === "log" && (taken += 1) >= 17) break;
      }
    }
    expect(connections).toBeGreaterThan(10);
    expect(seen).toEqual((await logOf(id)).map(({ seq }) => seq));
  });
});

describe("streams", () => {
  it("are refused for a task that does not exist, as a problem", async () => {
    const response = await follow("none");
    expect((await problemOf(response)).code).toBe("task:not_found");
  });

  it("are bounded in number, and free again when their clients leave", async () => {
    const id = await start("wait");
    const request = rawRequest({
      method: "GET",
      path: `/api/v1/tasks/${id}/events`,
      headers: { authorization: `Bearer ${server.token}` },
    });
    const open = await Promise.all(Array.from({ length: LIMITS.eventStreams }, () => server.raw()));
    for (const connection of open) connection.write(request);
    await expect
      .poll(() => open.filter((connection) => connection.rest().includes("event: task")).length, {
        timeout: 20_000,
      })
      .toBe(LIMITS.eventStreams);
    const refused = await follow(id);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect((await problemOf(refused)).code).toBe("server:busy");
    for (const connection of open) connection.destroy();
    const opened = async () => {
      const response = await follow(id);
      await response.body?.cancel();
      return response.status;
    };
    await expect.poll(opened, { timeout: 10_000 }).toBe(200);
    await server.client.cancelTask(id);
  });

  it("end without an end event when the server closes, so that their clients come back", async () => {
    const other = await startTestServer({ settings: SETTINGS, work: false });
    const { id } = await other.client.startTask({ action: "wait" });
    const events = eventsOf(await other.api(`/tasks/${id}/events`));
    expect((await events.next()).value).toMatchObject({ type: "task", task: { state: "ENQUEUED" } });
    const closed = other.close();
    expect(await collect(events)).toEqual([]);
    await closed;
  });
});
