import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemOf } from "../../support/problems.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const TIMEOUT_MS = 400;
const SETTINGS = `
server: { max_buffered: 8KiB, request_timeout: ${TIMEOUT_MS}ms }
sources: { app: { kind: github, secret: "${SECRET}" } }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const stored = async () => (await server.client.listDeliveries({ limit: 500 })).items.length;
const beginning = (path: string, headers = {}): string =>
  rawRequest({ path, headers: { ...headers, "content-length": "100" }, body: "{" }).toString();

describe("a sender that is slow", () => {
  it("leaves nothing in the memory, also when it keeps its side of the connection open", async () => {
    const connection = await server.raw();
    const headers = { "content-length": "8000" };
    connection.write(rawRequest({ path: "/hooks/app", headers, body: "x".repeat(7_000) }));
    expect((await connection.answer()).status).toBe(408);
    // Only where those bytes no longer count is there room for as many again.
    const send = async () => (await server.push({ secret: SECRET, body: `"${"x".repeat(7_000)}"` })).status;
    await expect.poll(send, { timeout: 10_000 }).toBe(202);
    expect(connection.socket.writable).toBe(true);
  });

  it.each([
    ["with its headers", () => "POST /hooks/app HTTP/1.1\r\nhost: localhost\r\n"],
    ["with its first line", () => "PO"],
    ["with its body", () => beginning("/hooks/app")],
    ["on the K-App API", () => beginning("/", { "content-type": "application/json" })],
    [
      "on our API",
      () =>
        beginning("/api/v1/tasks", {
          authorization: `Bearer ${server.token}`,
          "content-type": "application/json",
        }),
    ],
  ])("%s is told 408 in the configured time, and the connection is closed", async (_name, bytes) => {
    const before = await stored();
    const connection = await server.raw();
    const start = performance.now();
    connection.write(bytes());
    const answer = await connection.answer();
    await connection.closed;
    expect(performance.now() - start).toBeGreaterThan(TIMEOUT_MS * 0.9);
    expect(answer.status).toBe(408);
    expect(answer.headers["connection"]).toBe("close");
    expect((await problemOf(answer)).code).toBe("body:timeout");
    expect(await stored()).toBe(before);
  });

  it("that drips a byte now and then is not given more time", async () => {
    const connection = await server.raw();
    connection.write(beginning("/hooks/app"));
    const drip = setInterval(() => connection.write("x"), TIMEOUT_MS / 8);
    try {
      expect((await connection.answer()).status).toBe(408);
      await connection.closed;
    } finally {
      clearInterval(drip);
    }
  });

  it("is no trouble for others meanwhile", async () => {
    const slow = await Promise.all(Array.from({ length: 100 }, () => server.raw()));
    for (const connection of slow) connection.write("POST /hooks/app HTTP/1.1\r\n");
    expect((await server.push({ secret: SECRET })).status).toBe(202);
    const answers = await Promise.all(slow.map((connection) => connection.answer()));
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(408));
  });
});
