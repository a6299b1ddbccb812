import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LiveEvent } from "../../../src/client/client.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  talk:
    workdir: .
    concurrency: { policy: parallel }
    params: { what: {} }
    steps: [{ shell: 'echo "say $HOOKWRIGHT_PARAM_WHAT"; echo done' }]
  tell: { workdir: ., notify: [ops], steps: [{ run: ["true"] }] }
notify:
  # Refused by the guard, and given up at once.
  ops: { kind: generic, url: "http://127.0.0.3:9/in", retry_schedule: [0s], events: [task.completed] }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
});
afterAll(() => server.close());

/** Reads events until one is wanted; calls `onReady` once the stream watches. */
async function eventsUntil(
  { log, after }: { log?: string; after?: number },
  onReady: () => Promise<unknown>,
  isLast: (event: LiveEvent) => boolean,
): Promise<LiveEvent[]> {
  const ended = new AbortController();
  const events: LiveEvent[] = [];
  for await (const event of server.client.live({ signal: ended.signal, log, after })) {
    events.push(event);
    if (event.type === "ready") await onReady();
    if (isLast(event)) break;
  }
  ended.abort();
  return events;
}

const isEnd = (event: LiveEvent): boolean => event.type === "task" && event.task.ended_at !== null;

describe("the stream of everything", () => {
  it("tells of a task from its start to its end", async () => {
    const events = await eventsUntil(
      {},
      () => server.client.startTask({ action: "talk", params: { what: "a" } }),
      isEnd,
    );
    expect(events[0]).toEqual({ type: "ready" });
    const last = events.at(-1);
    expect(last).toMatchObject({ type: "task", task: { action: "talk", outcome: "succeeded" } });
    expect(events.filter(({ type }) => type === "log")).toEqual([]);
  });

  it("tells that deliveries have come, also those that start nothing or are rejected", async () => {
    for (const push of [{}, { event: "push", body: "{" }]) {
      // What the test before has left to be recorded may be told first.
      const tells = (event?: LiveEvent): boolean =>
        event?.type === "changed" && event.topics.includes("deliveries");
      const events = await eventsUntil({}, () => server.push({ secret: SECRET, ...push }), tells);
      expect(tells(events.at(-1))).toBe(true);
    }
  });

  it("tells that something was recorded, and that messages to endpoints have changed", async () => {
    const topics = new Set<string>();
    await eventsUntil(
      {},
      () => server.client.testEndpoint("ops").then(() => server.client.startTask({ action: "tell" })),
      (event) => {
        if (event.type === "changed") for (const topic of event.topics) topics.add(topic);
        return topics.has("audit") && topics.has("messages");
      },
    );
    expect([...topics].toSorted()).toEqual(["audit", "messages"]);
  });

  it("sends the log of the task that it is asked for, from where it is asked", async () => {
    const { id } = await server.client.startTask({ action: "talk", params: { what: "b" } });
    await server.ended(id);
    const { items } = await server.client.listLog(id);
    const after = items[0]?.seq ?? 0;
    const seen: unknown[] = [];
    await eventsUntil(
      { log: id, after },
      async () => undefined,
      (event) => event.type === "log" && seen.push(event.entry) === items.length - 1,
    );
    expect(seen).toEqual(items.slice(1));
  });

  it("is refused for the log of a task that there is not", async () => {
    expect((await server.api("/events?log=none")).status).toBe(404);
  });
});
