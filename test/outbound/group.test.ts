import { afterEach, beforeEach, expect, it } from "vitest";
import { anEndpoint } from "./build.ts";
import { openMailRoom, WHSEC, type MailRoom } from "./mail-room.ts";
import { toldBy } from "./told.ts";
import { startReceiver, type Receiver } from "../support/receiver.ts";

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

const told = (): unknown[] =>
  receiver.requests.map((request) => {
    const { type, data } = toldBy(request);
    return [data.task.action, type, data.failures];
  });

/** Another action's failure is told at once: when it has arrived, whatever came before has been looked at. */
async function settled(): Promise<void> {
  const before = receiver.requests.length;
  await room.tell(1, `marker-${before}`, false);
  await receiver.got(before + 1);
}
const isMarker = (entry: unknown): boolean => Array.isArray(entry) && String(entry[0]).startsWith("marker-");
const withoutMarkers = (): unknown[] => told().filter((entry) => !isMarker(entry));

it("failures of one action are told once, then with their number, and that it is over", async () => {
  await room.tell(3, "deploy", false);
  await settled();
  expect(withoutMarkers()).toEqual([["deploy", "task.failed", 1]]);
  room.pass(3_600_000);
  await room.tell(2, "deploy", false);
  await settled();
  expect(withoutMarkers()).toEqual([
    ["deploy", "task.failed", 1],
    ["deploy", "task.failed", 4],
  ]);
  await room.tell(2, "deploy", true);
  await room.tell(1, "deploy", false);
  await settled();
  expect(withoutMarkers()).toEqual([
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
  await settled();
  expect(withoutMarkers()).toEqual([
    ["one", "task.failed", 1],
    ["two", "task.failed", 1],
    ["two", "task.recovered", 1],
  ]);
});
