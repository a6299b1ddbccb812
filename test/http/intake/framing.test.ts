import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receivedSchema } from "../../../src/client/schemas.ts";
import { problemOf } from "../../support/problems.ts";
import { githubPush } from "../../support/push.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
let server: TestServer;
let count = 0;
beforeAll(async () => {
  const settings = `sources: { app: { kind: github, secret: "${SECRET}" } }`;
  server = await startTestServer({ settings, work: false });
});
afterAll(() => server.close());

const newPush = () => githubPush({ secret: SECRET, sha: (count += 1).toString(16).padStart(40, "0") });
const stored = async () => (await server.client.listDeliveries({ limit: 500 })).items.length;

const lines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");

describe("a request whose end two parsers could see in two places", () => {
  // What would be the second request: authentic, so that it would be stored if it were taken for one.
  const hidden = (): string => rawRequest({ path: "/hooks/app", ...newPush() }).toString();
  const head = "POST /hooks/app HTTP/1.1\r\nhost: localhost\r\n";

  it.each([
    ["a length and chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"],
    ["chunks and a length", "transfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n"],
    ["two lengths", "content-length: 0\r\ncontent-length: 5\r\n", "hello"],
    ["a length twice", "content-length: 5\r\ncontent-length: 5\r\n", "hello"],
    ["a list of lengths", "content-length: 5, 5\r\n", "hello"],
    ["a length with a sign", "content-length: +5\r\n", "hello"],
    ["a length that is no number", "content-length: 5x\r\n", "hello"],
    ["a size of a chunk that is no number", "transfer-encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"],
    ["a chunk that is longer than it says", "transfer-encoding: chunked\r\n", "2\r\nhello\r\n0\r\n\r\n"],
    ["an encoding nobody knows", "transfer-encoding: xchunked\r\n", "0\r\n\r\n"],
    ["chunks that are not last", "transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"],
    ["chunks twice", "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", "0\r\n\r\n"],
    ["a blank before the colon", "transfer-encoding : chunked\r\n", "0\r\n\r\n"],
    ["a folded header", "x-a: b\r\n transfer-encoding: chunked\r\n", "0\r\n\r\n"],
    ["line ends without CR", "x-a: b\ncontent-length: 5\r\n", "hello"],
    ["a NUL in a header", "x-a: b\0c\r\ncontent-length: 5\r\n", "hello"],
  ])("(%s) gets 400, ends the connection and never reaches a source", async (_name, headers, body) => {
    const before = await stored();
    const connection = await server.raw();
    connection.write(`${head}${headers}\r\n${body}${hidden()}`);
    const answer = await connection.answer();
    expect(answer.status).toBe(400);
    expect((await problemOf(answer)).code).toBe("request:invalid");
    expect(answer.headers["connection"]).toBe("close");
    await connection.closed;
    expect(connection.rest()).toBe("");
    expect(await stored()).toBe(before);
  });

  it("gets 400 without a host, with too many headers, and when it is not HTTP", async () => {
    const broken = [
      "POST /hooks/app HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
      `${head}x-long: ${"x".repeat(20_000)}\r\n\r\n`,
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
    ];
    for (const bytes of broken) {
      const connection = await server.raw();
      connection.write(bytes);
      expect((await connection.answer()).status).toBe(400);
      await connection.closed;
    }
  });
});

describe("requests on one connection", () => {
  it("sent without waiting are answered in their order", async () => {
    const pushes = [newPush(), newPush(), newPush()];
    const connection = await server.raw();
    connection.write(Buffer.concat(pushes.map((push) => rawRequest({ path: "/hooks/app", ...push }))));
    const ids: unknown[] = [];
    for (const push of pushes) {
      const answer = await connection.answer();
      expect(answer.status).toBe(202);
      const { delivery } = receivedSchema.parse(JSON.parse(answer.body));
      const { sender_id: senderId } = await server.client.getDelivery(delivery);
      ids.push(senderId === push.headers["x-github-delivery"]);
    }
    expect(ids).toEqual([true, true, true]);
    connection.destroy();
  });

  it("in chunks, sent a few bytes at a time, are what one piece would be", async () => {
    const { headers, body } = newPush();
    const connection = await server.raw();
    connection.socket.setNoDelay(true);
    connection.write(
      rawRequest({ path: "/hooks/app", headers: { ...headers, "transfer-encoding": "chunked" } }),
    );
    for (let at = 0; at < body.length; at += 100) {
      const piece = body.subarray(at, at + 100);
      connection.write(`${piece.length.toString(16)}\r\n`);
      connection.write(piece);
      connection.write("\r\n");
    }
    connection.write("0\r\n\r\n");
    expect((await connection.answer()).status).toBe(202);
    connection.destroy();
  });
});

describe("a header that comes twice", () => {
  it.each([
    ["x-hub-signature-256", `sha256=${"a".repeat(64)}`],
    ["x-hub-signature-256", ""],
  ])("%s: %s beside the right one is a refusal, not a choice", async (name, value) => {
    const { headers, body } = newPush();
    for (const both of [`${name}: ${value}\r\n${lines(headers)}`, `${lines(headers)}${name}: ${value}\r\n`]) {
      const connection = await server.raw();
      const length = `content-length: ${body.length}\r\n\r\n`;
      connection.write(`POST /hooks/app HTTP/1.1\r\nhost: localhost\r\n${both}${length}${body.toString()}`);
      expect((await connection.answer()).status).toBe(401);
      connection.destroy();
    }
  });
});

describe("a path", () => {
  const send = async (path: string): Promise<number> => {
    const connection = await server.raw();
    connection.write(rawRequest({ path, ...newPush() }));
    const { status } = await connection.answer();
    connection.destroy();
    return status;
  };

  it.each(["/hooks/app", "/hooks/app?", "/hooks/app?a=b&c", "/hooks/app?/../x"])(
    "%s is the source's",
    async (path) => {
      expect(await send(path)).toBe(202);
    },
  );

  it.each([
    "//hooks/app",
    "/hooks//app",
    "/hooks/app/",
    "/hooks/%61pp",
    "/%68ooks/app",
    "/hooks%2fapp",
    "/hooks/./app",
    "/hooks/%2e/app",
    "/x/../hooks/app",
    "/x/%2e%2e/hooks/app",
    "/HOOKS/APP",
    "/hooks/app;a",
    "/hooks/app%00",
    "/hooks/app%3f",
    "/hooks/app%zz",
    "http://localhost/hooks/app",
    "*",
  ])("%s is not", async (path) => {
    const before = await stored();
    expect([400, 404]).toContain(await send(path));
    expect(await stored()).toBe(before);
  });
});
