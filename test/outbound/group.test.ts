import { afterEach, beforeEach, expect, it } from "vitest";
import { anEndpoint } from "./build.ts";
import { openMailRoom, WHSEC, type MailRoom } from "./mail-room.ts";
import { toldBy } from "./told.ts";
import { startReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let receiver: Receiver;
let room: MailRoom;
beforeEach(async () => {
  receiver = await startReceiver();
  const shared = { kind: "standard-webhooks", url: receiver.url, secrets: [WHSEC], groupMs: 3_600_000 };
  room = await openMailRoom({ endpoints: [anEndpoint({ ...shared, onlyFailures: true })], senders: 2 });
});
afterEach(async () => {
  await room.close();
  await receiver.close();
});

/** What was sent, in the order in which it came about, once nothing is left to send. */
async function told(): Promise<unknown[]> {
  const messages = async () => (await room.messages()).toReversed();
  await until(
    async () =>
      (await room.store.pendingNotices(1)).length === 0 &&
      (await messages()).every(({ state }) => state === "delivered"),
    { what: "everything to be sent" },
  );
  return (await messages()).map((message) => {
    const { type, data } = toldBy(message);
    return [data.task.action, type, data.failures];
  });
}

it("failures of one action are told once, then with their number, and that it is over", async () => {
  await room.tell(3, "deploy", false);
  expect(await told()).toEqual([["deploy", "task.failed", 1]]);
  room.pass(3_600_000);
  await room.tell(2, "deploy", false);
  expect(await told()).toEqual([
    ["deploy", "task.failed", 1],
    ["deploy", "task.failed", 4],
  ]);
  await room.tell(2, "deploy", true);
  await room.tell(1, "deploy", false);
  expect(await told()).toEqual([
    ["deploy", "task.failed", 1],
    ["deploy", "task.failed", 4],
    ["deploy", "task.recovered", 5],
    ["deploy", "task.failed", 1],
  ]);
});

it("each action has its own, and a success without failures before is nothing to tell", async () => {
  await room.tell(1, "one", true);
  await room.tell(1, "one", false);
  await room.tell(1, "two", false);
  await room.tell(1, "two", true);
  expect(await told()).toEqual([
    ["one", "task.failed", 1],
    ["two", "task.failed", 1],
    ["two", "task.recovered", 1],
  ]);
});
