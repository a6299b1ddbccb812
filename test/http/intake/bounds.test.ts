import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemOf } from "../../support/problems.ts";
import { githubPush } from "../../support/push.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
server: { max_buffered: 8KiB }
sources:
  app: { kind: github, secret: "${SECRET}" }
  small: { kind: github, secret: "${SECRET}", body_limit: 2KiB }
`;

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const newPush = () => githubPush({ secret: SECRET, sha: (count += 1).toString(16).padStart(40, "0") });
const stored = async () => (await server.client.listDeliveries({ limit: 500 })).items.length;

describe("a body that is too large", () => {
  it("is refused by its announced length, before a byte of it was sent", async () => {
    const connection = await server.raw();
    const headers = { "content-length": "2049", "content-type": "application/json" };
    connection.write(rawRequest({ path: "/hooks/small", headers }));
    const answer = await connection.answer();
    expect(answer.status).toBe(413);
    const problem = await problemOf(answer);
    expect(problem.code).toBe("body:too_large");
    expect(problem.detail).toContain("2048 bytes");
    expect(answer.headers["connection"]).toBe("close");
    connection.destroy();
  });

  it("is refused while it streams, and the sender that goes on sending can read the answer", async () => {
    const connection = await server.raw();
    connection.write(rawRequest({ path: "/hooks/small", headers: { "transfer-encoding": "chunked" } }));
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    for (let sent = 0; sent < 64; sent += 1) connection.write(chunk);
    const answer = await connection.answer();
    expect(answer.status).toBe(413);
    expect((await problemOf(answer)).code).toBe("body:too_large");
    connection.write("0\r\n\r\n");
    await connection.closed;
  });

  it("is refused with the answer that fetch shows, too", async () => {
    const body = new Uint8Array(4 * 1024 * 1024);
    const response = await server.fetch("/hooks/small", { method: "POST", body });
    expect(response.status).toBe(413);
    expect((await problemOf(response)).code).toBe("body:too_large");
  });

  it("may be exactly as large as allowed", async () => {
    const body = JSON.stringify({ text: "" }).replace('""', `"${"x".repeat(2048 - 11)}"`);
    expect(Buffer.byteLength(body)).toBe(2048);
    expect((await server.push({ path: "/hooks/small", secret: SECRET, body })).status).toBe(202);
    expect((await server.push({ path: "/hooks/small", secret: SECRET, body: `${body} ` })).status).toBe(413);
  });
});

describe("a sender that asks first (Expect: 100-continue)", () => {
  it("is told to go on, and then answered", async () => {
    const { headers, body } = newPush();
    const connection = await server.raw();
    const all = { ...headers, expect: "100-continue", "content-length": String(body.length) };
    connection.write(rawRequest({ path: "/hooks/app", headers: all }));
    expect((await connection.answer()).status).toBe(100);
    connection.write(body);
    expect((await connection.answer()).status).toBe(202);
    connection.destroy();
  });

  it("is refused at once when the body would be too large", async () => {
    const connection = await server.raw();
    const headers = { expect: "100-continue", "content-length": "1000000" };
    connection.write(rawRequest({ path: "/hooks/small", headers }));
    expect((await connection.answer()).status).toBe(413);
    connection.destroy();
  });

  it("is answered on other paths as well", async () => {
    const connection = await server.raw();
    const headers = { expect: "100-continue", "content-type": "application/json" };
    connection.write(rawRequest({ path: "/nothing", headers, body: "{}" }));
    expect((await connection.answer()).status).toBe(100);
    expect((await connection.answer()).status).toBe(404);
    connection.destroy();
  });
});

describe("the bytes that are being received at once", () => {
  it("are bounded: 503 with Retry-After beyond it, until others have ended or left", async () => {
    const before = await stored();
    const holder = await server.raw();
    holder.write(
      rawRequest({ path: "/hooks/app", headers: { "content-length": "8000" }, body: "x".repeat(7_500) }),
    );
    // Once another connection has been answered, the holder's bytes have arrived too.
    await server.fetch("/healthz");
    const refused = await server.push({ secret: SECRET });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect((await problemOf(refused)).code).toBe("server:busy");
    holder.destroy();
    await expect.poll(async () => (await server.push({ secret: SECRET })).status).toBe(202);
    expect((await stored()) - before).toBeLessThanOrEqual(1);
  });

  it("cost more than they are when they come in tiny pieces", async () => {
    const connection = await server.raw();
    connection.socket.setNoDelay(true);
    connection.write(rawRequest({ path: "/hooks/app", headers: { "transfer-encoding": "chunked" } }));
    for (let piece = 0; piece < 200; piece += 1) connection.write("1\r\nx\r\n");
    expect((await connection.answer()).status).toBe(503);
    connection.destroy();
  });
});

describe("a sender that leaves in the middle", () => {
  it("has sent nothing", async () => {
    const before = await stored();
    const { headers, body } = newPush();
    const connection = await server.raw();
    const all = { ...headers, "content-length": String(body.length) };
    connection.write(rawRequest({ path: "/hooks/app", headers: all, body: body.subarray(0, -1) }));
    connection.socket.destroySoon();
    await connection.closed;
    expect((await server.push({ secret: SECRET, sha: "f".repeat(40) })).status).toBe(202);
    expect(await stored()).toBe(before + 1);
  });
});
