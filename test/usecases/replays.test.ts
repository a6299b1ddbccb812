import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const settings = (source: string): string => `
server: { replay_window: 1h }
sources:
  app: { kind: generic, secret: "${SECRET}", id_header: X-Id, ${source} }
actions:
  deploy:
    workdir: .
    on: [{ source: app }]
    steps: [{ shell: "true" }]
`;

let world: World;
let now = new Date("2026-03-01T12:00:00Z");
afterEach(() => world.close());

async function open(source = ""): Promise<void> {
  now = new Date("2026-03-01T12:00:00Z");
  world = await createWorld({ settings: settings(source), now: () => now });
}

/** The very same signed bytes each time. */
function receive(id: string) {
  const body = Buffer.from('{"done":true}');
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const headers = { "x-hub-signature-256": `sha256=${signature}`, "x-id": id };
  return world.app.receiveDelivery({ source: "app", request: { headers, body }, remoteAddress: null });
}

describe("the same signed bytes again", () => {
  it("are a repetition under whatever id, until the window has passed", async () => {
    await open();
    const first = await receive("one");
    expect(first).toMatchObject({ duplicate: false, tasks: [{ action: "deploy" }] });
    expect(await receive("two")).toMatchObject({ duplicate: true, deliveryId: first.deliveryId });
    now = new Date(now.getTime() + 59 * 60_000);
    expect(await receive("three")).toMatchObject({ duplicate: true, deliveryId: first.deliveryId });
    now = new Date(now.getTime() + 2 * 60_000);
    expect(await receive("four")).toMatchObject({ duplicate: false });
  });

  it("are a repetition under the same id also later", async () => {
    await open();
    const { deliveryId } = await receive("one");
    now = new Date(now.getTime() + 48 * 3_600_000);
    expect(await receive("one")).toMatchObject({ duplicate: true, deliveryId });
  });

  it("are taken each time where their sender repeats them, but for those of the same id", async () => {
    await open("repeats: true");
    expect(await receive("one")).toMatchObject({ duplicate: false });
    expect(await receive("two")).toMatchObject({ duplicate: false });
    expect(await receive("one")).toMatchObject({ duplicate: true });
  });
});
