import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toldBy } from "./told.ts";
import { startReceiver, type Receiver } from "../support/receiver.ts";
import { createWorld, type World } from "../support/world.ts";

let receiver: Receiver;
let world: World | null = null;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await world?.close();
  world = null;
  await receiver.close();
});

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const settings = (endpoint: string, action = "") => `
actions:
  ok: { steps: [{ run: ["true"] }] ${action} }
  bad: { steps: [{ run: ["false"] }] ${action} }
notify:
  ops: { kind: standard-webhooks, url: "${receiver.url}", secret: ${SECRET} ${endpoint} }
`;

async function open(text: string): Promise<World> {
  world = await createWorld({ settings: text });
  world.work();
  return world;
}

const start = ({ app }: World, action: string, correlation?: Record<string, string>) =>
  app.startAction({ action, params: {}, by: "test", correlation });

const typesOf = (requests: Receiver["requests"]): unknown[] =>
  requests.map((request) => toldBy(request).type);

describe("an endpoint", () => {
  it("is told how a task ended, with what its caller wants to hear back", async () => {
    const opened = await open(settings(""));
    const { id } = await start(opened, "bad", { ticket: "T-1" });
    const [request] = await receiver.got(1);
    expect(JSON.parse(request?.body ?? "")).toMatchObject({
      type: "task.failed",
      data: {
        task: {
          id,
          action: "bad",
          state: "CANCELLED",
          outcome: "failed",
          steps: [{ state: "failed", exit_code: 1 }],
        },
        url: `https://hooks.example.com/api/v1/tasks/${id}`,
        correlation: { ticket: "T-1" },
      },
    });
  });

  it("is told of starts when it wants to hear of them", async () => {
    const opened = await open(settings(", events: [task.started, task.completed]"));
    await start(opened, "ok");
    // Each on its way by itself: only an endpoint that is `ordered` gets them one after the other.
    const types = new Set(typesOf(await receiver.got(2)));
    expect(types).toEqual(new Set(["task.completed", "task.started"]));
  });

  it("hears only of failures when it says so, and only of the actions that name it", async () => {
    const opened = await open(settings(", only_failures: true"));
    await opened.app.startAction({ action: "ok", params: {}, by: "test" }).then(({ id }) => opened.ended(id));
    await start(opened, "bad");
    expect(typesOf(await receiver.got(1))).toEqual(["task.failed"]);
    await opened.configure(settings("", ", notify: []"));
    await start(opened, "bad").then(({ id }) => opened.ended(id));
    await opened.configure(settings(""));
    await start(opened, "ok");
    expect(typesOf(await receiver.got(2))).toEqual(["task.failed", "task.completed"]);
  });
});
