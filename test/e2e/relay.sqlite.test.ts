import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { freePort } from "../support/free-port.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { containing } from "../support/like.ts";
import { githubPush } from "../support/push.ts";
import { serverClient, startServerProcess, type ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secrets: ["${SECRET}"] } }
actions:
  deploy:
    concurrency: { policy: parallel }
    on: [{ source: app, event: push }]
    steps: [{ run: ["true"] }]
`;
const ROUNDS = 9;
/** So that the list of all has one page. */
const SEND_EVERY_MS = 100;

type Child = ReturnType<Place["begin"]>;

let place: Place;
let ports: { readonly relay: number; readonly server: number };
let token = "";
beforeEach(async () => {
  place = await createPlace(SETTINGS);
  ports = { relay: await freePort(), server: await freePort() };
  const created = await place.run(["channel", "create", "app", "--json"]);
  ({ token } = z.object({ token: z.string() }).parse(created.json()[0]));
});
afterEach(() => place.close());

const relayUrl = (): string => `http://127.0.0.1:${ports.relay}`;
const startRelay = (): Child => place.begin(["relay", "--listen", `127.0.0.1:${ports.relay}`]);
const startServer = (): ServerProcess => startServerProcess({ dir: place.dir, port: ports.server });
const startForward = (): Child =>
  place.begin(
    ["forward", "--from", `${relayUrl()}/app`, "--to", `http://127.0.0.1:${ports.server}/hooks/app`],
    { env: { HOOKWRIGHT_RELAY_TOKEN: token } },
  );

/** Until the relay has said that it has it; so long a patient sender tries. */
async function send(id: string): Promise<void> {
  const { body, headers } = githubPush({ secret: SECRET, sha: id.replaceAll("-", "").padEnd(40, "0"), id });
  await until(
    async () => {
      const init = { method: "POST", headers, body: new Uint8Array(body) };
      const response = await fetch(`${relayUrl()}/app`, init).catch(() => null);
      await response?.arrayBuffer().catch(() => undefined);
      return response?.status === 202;
    },
    { what: "the relay to take a push", timeoutMs: 120_000 },
  );
}

async function waiting(): Promise<number> {
  const listed = await place.run(["channel", "list", "--json"]);
  return z.object({ waiting: z.number() }).parse(listed.json()[0]).waiting;
}

/** How many deliveries the server has accepted; 0 while it starts. */
async function count(server: ServerProcess): Promise<number> {
  const client = await serverClient(await server.serving, place.dir);
  return (await client.listDeliveries({ limit: 500 })).items.length;
}

const moreThan = (least: number, found: number): number | null => (found > least ? found : null);

describe("a relay, its forwarder and the server behind it", () => {
  it("lose no delivery and run none twice, whichever of them is killed", { timeout: 240_000 }, async () => {
    let relay = startRelay();
    let server = startServer();
    let forwarder = startForward();
    const ids: string[] = [];
    let killing = true;
    const sending = (async () => {
      while (killing) {
        ids.push(randomUUID());
        await send(ids.at(-1) ?? "");
        await delay(SEND_EVERY_MS);
      }
    })();
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      // Something has come all the way since the last kill, and more is on it.
      accepted = await until(async () => moreThan(accepted + 2, await count(server)), {
        what: "deliveries to come through",
        timeoutMs: 60_000,
      });
      if (round % 3 === 0) {
        relay.kill("SIGKILL");
        await relay;
        relay = startRelay();
      } else if (round % 3 === 1) {
        forwarder.kill("SIGKILL");
        await forwarder;
        forwarder = startForward();
      } else {
        server.kill("SIGKILL");
        await server.exited;
        server = startServer();
      }
    }
    killing = false;
    await sending;
    const client = await serverClient(await server.serving, place.dir);
    await until(async () => (await waiting()) === 0, { what: "the channel to be empty", timeoutMs: 120_000 });
    const { items } = await client.listDeliveries({ limit: 500 });
    expect(items).toHaveLength(ids.length);
    expect(new Set(items.map(({ sender_id: id }) => id))).toEqual(new Set(ids));
    expect((await client.listTasks({ limit: 500 })).items).toHaveLength(ids.length);
    relay.kill("SIGTERM");
    forwarder.kill("SIGTERM");
    expect(await relay).toMatchObject({ exitCode: 0 });
    expect(await forwarder).toMatchObject({ exitCode: 0 });
  });

  it("keep what comes while nobody forwards; a wrong token ends the forwarder with a reason", async () => {
    const relay = startRelay();
    await send(randomUUID());
    expect(await waiting()).toBe(1);
    token = "hwr_wrong";
    expect(await startForward()).toMatchObject({
      exitCode: 5,
      stderr: containing("does not take the token"),
    });
    relay.kill("SIGTERM");
    await relay;
  });
});
