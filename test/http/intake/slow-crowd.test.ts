import { afterAll, beforeAll, expect, it } from "vitest";
import { LIMITS } from "../../../src/http/limits.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const CROWD = 400;

/** With the limits that a server has when nobody says otherwise. */
const SETTINGS = `sources: { app: { kind: github, secret: "${SECRET}" } }`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const HEADERS = "POST /hooks/app HTTP/1.1\r\nhost: localhost\r\nx-github-event: pu";
const BODY = rawRequest({ path: "/hooks/app", headers: { "content-length": "100" }, body: '{"ref":' });

async function crowd(beginning: string | Buffer) {
  const connections = await Promise.all(
    Array.from({ length: CROWD }, () => server.raw({ timeoutMs: 60_000 })),
  );
  for (const connection of connections) connection.write(beginning);
  return connections;
}

/** One after another, until it is told to stop; each answer's status. */
async function sendUntil(over: () => boolean): Promise<number[]> {
  const statuses: number[] = [];
  while (!over() || statuses.length < 5) {
    const message = `Change ${statuses.length}`;
    statuses.push((await server.push({ secret: SECRET, message })).status);
  }
  return statuses;
}

it(`${CROWD} senders that stop in their headers and ${CROWD} in their bodies are let go, while others are answered`, async () => {
  const slow = [...(await crowd(HEADERS)), ...(await crowd(BODY))];
  let over = false;
  const meanwhile = sendUntil(() => over);
  const answers = await Promise.all(slow.map((connection) => connection.answer()));
  await Promise.all(slow.map(({ closed }) => closed));
  over = true;
  expect(answers.map(({ status }) => status)).toEqual(Array(CROWD * 2).fill(408));
  expect([...new Set(await meanwhile)]).toEqual([202]);
  expect((await server.client.listDeliveries({ limit: 500 })).items.length).toBeGreaterThanOrEqual(5);
}, 180_000);

it("they are let go within 15 seconds", () => {
  expect(LIMITS.headersMs + LIMITS.timeoutCheckMs).toBeLessThanOrEqual(15_000);
  expect(LIMITS.bodyIdleMs + LIMITS.drainMs).toBeLessThanOrEqual(15_000);
});
