import { afterAll, beforeAll, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";
import { startReceiver, status, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let receiver: Receiver;
let place: Place;
beforeAll(async () => {
  receiver = await startReceiver();
  place = await createPlace(`
server: { listen: 127.0.0.1:0 }
outbound: { allow: [127.0.0.0/8] }
actions:
  fail: { steps: [{ run: ["false"] }] }
notify:
  ops: { kind: jobserv, url: "${receiver.url}", secret: UseSomethingGoodHere, retry_schedule: [0s] }
`);
  await place.serve();
});
afterAll(async () => {
  await place.close();
  await receiver.close();
});

it("endpoints lists them, test shows request and answer, enable takes one back", async () => {
  const list = await place.run(["endpoints"]);
  expect(list).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\nops +jobserv +active +0 +0 /) });
  const test = await place.run(["endpoints", "test", "ops"]);
  expect(test.exitCode).toBe(0);
  expect(test.stdout).toMatch(
    /POST\n.* {2}x-jobserv-sig: sha256:[0-9a-f]{64}\n {2}\{"build_id": 0, .*\nAnswer 200\n {2}ok\nDelivered/s,
  );
  expect(await place.run(["endpoints", "enable", "ops"])).toMatchObject({
    stdout: "ops is sent messages again",
  });
  expect(await place.run(["endpoints", "test", "none"])).toMatchObject({ exitCode: 3, stdout: "" });
});

it("dead letters are listed and sent anew; what a trigger wants to hear back is in them", async () => {
  receiver.answer(status(500, {}, "out of order"));
  expect(await place.run(["endpoints", "test", "ops"])).toMatchObject({ exitCode: 1 });
  await place.run(["trigger", "fail", "--correlation", "ticket=T-1"]);
  await until(async () => (await place.run(["dead-letters", "--json"])).json().length === 1, {
    what: "a dead letter",
  });
  expect(await place.run(["dead-letters"])).toMatchObject({
    stdout: expect.stringMatching(/ops +task\.failed +1 .*It answered 500: out of order/),
  });
  expect((await place.run(["tasks", "--json"])).json()).toMatchObject([{ correlation: { ticket: "T-1" } }]);
  receiver.answer(status(200));
  const before = receiver.requests.length;
  expect(await place.run(["dead-letters", "retry", "last"])).toMatchObject({ exitCode: 0 });
  await receiver.got(before + 1);
  expect(await place.run(["dead-letters", "retry", "--all", "--json"])).toMatchObject({
    stdout: '{"retried":0}',
  });
  expect(await place.run(["dead-letters", "retry"])).toMatchObject({ exitCode: 2, stdout: "" });
});
