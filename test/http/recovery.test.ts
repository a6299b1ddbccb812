import { afterEach, describe, expect, it, vi } from "vitest";
import { startFakeGithubHooks } from "../fakes/github-hooks.ts";
import { sendTo, type FakeSender } from "../fakes/hook-sender.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const SECRET = "a-long-enough-secret";
const push = { ref: "refs/heads/main", after: "a".repeat(40), commits: [] };

const settingsFor = (sender: FakeSender): string => `
server: { public_url: https://hooks.example.com }
outbound: { allow: [127.0.0.1] }
github: { token: a-token-for-the-api, api_url: "${sender.url}" }
sources:
  app:
    kind: github
    secrets: ["${SECRET}"]
    recover: { repository: o/app, every: 1s }
actions:
  deploy:
    concurrency: { policy: parallel }
    on: [{ source: app, event: push }]
    steps: [{ run: ["true"] }]
`;

let server: TestServer | undefined;
let sender: FakeSender | undefined;

afterEach(async () => {
  await server?.close();
  await sender?.close();
});

describe("a server that was away", () => {
  it("asks GitHub for what it has missed, takes it in, runs each once, and says so", async () => {
    sender = await startFakeGithubHooks({
      secret: SECRET,
      pageSize: 2,
      accepts: (authorization) => authorization === "Bearer a-token-for-the-api",
    });
    const missed: string[] = [];
    for (let minutes = 60; minutes > 55; minutes -= 1) {
      missed.push(
        await sender.deliver({ payload: { ...push, minutes }, at: new Date(Date.now() - minutes * 60_000) }),
      );
    }
    sender.faults.push({ status: 503 }, { fails: "reset" });
    server = await startTestServer({ settings: settingsFor(sender) });
    sender.send = sendTo(server.url);
    const { client } = server;
    await vi.waitFor(
      async () => {
        const [source] = (await client.listSources()).items;
        expect(source?.recoveries).toMatchObject([
          { hook: "/repos/o/app", came_in: 5, open: 0, given_up: 0 },
        ]);
      },
      { timeout: 30_000, interval: 50 },
    );
    const { items } = await client.listDeliveries();
    expect(items.map(({ sender_id: id }) => id).toReversed()).toEqual(missed);
    expect((await client.listTasks()).items).toHaveLength(5);
  });
});
