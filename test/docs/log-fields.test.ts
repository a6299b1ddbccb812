import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { loggedFields } from "../support/log-calls.ts";
import { logLines } from "../support/log-lines.ts";
import { githubPush } from "../support/push.ts";
import { type Receiver, startReceiver, status } from "../support/receiver.ts";
import { serveWorld } from "../support/serve-world.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { createWorld } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const ARGO = "the-token-argo-cd-sends";
const settingsFor = (receiver: string): string => `
outbound: { allow: [127.0.0.1] }
sources:
  app: { kind: github, secret: "${SECRET}" }
  argo: { kind: argocd, secret: "${ARGO}", path: /hooks/argo }
actions:
  deploy: { workdir: ., notify: [ops], on: [{ source: app, event: push }], steps: [{ run: ["true"] }] }
  broken: { workdir: ./hookwright.yaml/none, steps: [{ run: ["true"] }] }
notify: { ops: { kind: generic, url: "${receiver}", secret: "${SECRET}" } }
`;

/** What every line has. */
const OF_THE_LOGGER: ReadonlySet<string> = new Set(["level", "time", "msg"]);
const line = z.looseObject({ level: z.number(), time: z.string(), msg: z.string() });
type Line = z.infer<typeof line>;

/** In the first columns of the tables below "The log". */
async function documentedFields(): Promise<Set<string>> {
  const text = await readFile(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
  const [, section = ""] = text.split("\n## The log\n");
  const cells = section.split("\n").flatMap((row) => /^\| (`[^|]*)\|/.exec(row)?.[1] ?? []);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)));
}

it("every field that the server logs is described", async () => {
  const documented = await documentedFields();
  const logged = loggedFields();
  expect(logged.size).toBeGreaterThan(30);
  expect([...logged].filter(([name]) => !documented.has(name))).toEqual([]);
});

describe("a line about", () => {
  const { logger, lines } = logLines("debug");
  let receiver: Receiver;
  let server: TestServer;
  beforeEach(async () => {
    receiver = await startReceiver();
    server = await startTestServer({ settings: settingsFor(receiver.url), file: true, logger });
  });
  afterEach(async () => {
    await server.close();
    await receiver.close();
  });

  const said = (): Line[] => lines.map((text) => line.parse(JSON.parse(text)));
  /** The first such line; throws when it has a field that is not described. */
  async function saying(msg: string): Promise<Line> {
    const found = await until(() => said().find((each) => each.msg === msg), { what: msg });
    const documented = await documentedFields();
    const unknown = Object.keys(found).filter((name) => !documented.has(name) && !OF_THE_LOGGER.has(name));
    if (unknown.length > 0) throw new Error(`${msg}: no word of ${unknown.join(", ")}`);
    return found;
  }

  it("a refused request has the id that its sender got", async () => {
    const response = await server.push({ secret: "another-secret-long-enough" });
    expect(await saying("Refused a request")).toMatchObject({
      requestId: response.headers.get("x-api-uuid"),
      source: "app",
      code: "signature:invalid",
      remoteAddress: "127.0.0.1",
      unsaid: 0,
    });
  });

  it("a message that was not taken has the task's id", async () => {
    receiver.answer(status(500));
    const { id } = await server.client.startTask({ action: "deploy" });
    const refused = { task: id, endpoint: "ops", status: 500 };
    expect(await saying("A notification was not taken")).toMatchObject(refused);
  });

  it("a step that threw has the task's id and its own index", async () => {
    const { id } = await server.client.startTask({ action: "broken" });
    await server.ended(id);
    expect(await saying("A step threw")).toMatchObject({ task: id, step: 0 });
  });

  it("a replay has the ids of both deliveries", async () => {
    await server.push({ secret: SECRET });
    const [first] = (await server.client.listDeliveries({})).items;
    const { delivery } = await server.client.replayDelivery(first?.id ?? "");
    expect(await saying("Replaying a delivery")).toMatchObject({ delivery, original: first?.id });
  });

  it("what was remembered of a revision has the id of the delivery that told it", async () => {
    const response = await server.fetch("/hooks/argo", {
      method: "POST",
      headers: { authorization: `Bearer ${ARGO}`, "content-type": "application/json" },
      body: JSON.stringify({ app: "web", status: "Healthy", revision: "a".repeat(40) }),
    });
    const { delivery } = z.object({ delivery: z.string() }).parse(await response.json());
    expect(await saying("Remembered a healthy revision")).toMatchObject({ delivery });
  });
});

it("a fault of the server is logged with the id of the request that met it", async () => {
  const world = await createWorld({
    settings: settingsFor("https://example.com"),
    store: (store) => ({
      ...store,
      storeDelivery: () => Promise.reject(new Error("a fault")),
    }),
  });
  const { logger, lines } = logLines("warn");
  const { url, http } = await serveWorld(world, logger);
  const { headers, body } = githubPush({ secret: SECRET });
  const response = await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
  expect(response.status).toBe(500);
  const [logged] = lines.map((text) => line.parse(JSON.parse(text)));
  expect(logged).toMatchObject({
    requestId: response.headers.get("x-api-uuid"),
    err: { message: "a fault" },
  });
  await http.close();
  await world.close();
});
