import { once } from "node:events";
import { connect } from "node:net";
import { fastify, type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { toAppError } from "../../src/http/problems.ts";
import { type BufferBudget, createBufferBudget } from "../../src/http/intake/buffer-budget.ts";
import { freeBody, takeBodies } from "../../src/http/take-bodies.ts";
import { logLines } from "../support/log-lines.ts";

const BUDGET = 100_000;
const LIMIT = 80_000;

let server: FastifyInstance;
let budget: BufferBudget;
let url: string;
/** Requests are answered once it is resolved. */
let answers: PromiseWithResolvers<void>;
let seen: number;

beforeEach(async () => {
  answers = Promise.withResolvers();
  seen = 0;
  budget = createBufferBudget(() => BUDGET);
  server = fastify();
  server.setErrorHandler((error, request, reply) => {
    const { code, status } = toAppError(error, { logger: logLines("info").logger, requestId: request.id });
    return reply.code(status).send({ code });
  });
  takeBodies(server, { budget, limitOf: () => LIMIT });
  server.post("/", async (request) => {
    const { length } = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (request.headers["x-free"] !== undefined) freeBody(request);
    seen += 1;
    await answers.promise;
    return { length, left: request.body === undefined };
  });
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(() => server.close());

const post = (bytes: number, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: "POST", body: "x".repeat(bytes), headers });

const free = (): Promise<unknown> => vi.waitUntil(() => budget.used === 0, { timeout: 10_000 });

it("holds a body out of the budget until it is answered", async () => {
  const first = post(60_000);
  await vi.waitUntil(() => budget.used >= 60_000, { timeout: 10_000 });
  const second = await post(60_000);
  expect([second.status, await second.json()]).toEqual([503, { code: "server:busy" }]);
  answers.resolve();
  expect(await (await first).json()).toEqual({ length: 60_000, left: false });
  await free();
});

it("gives it back earlier where it is not needed any more", async () => {
  const first = post(60_000, { "x-free": "1" });
  await vi.waitUntil(() => seen === 1, { timeout: 10_000 });
  expect(budget.used).toBe(0);
  const second = post(60_000);
  await vi.waitUntil(() => seen === 2, { timeout: 10_000 });
  answers.resolve();
  expect(await (await first).json()).toEqual({ length: 60_000, left: true });
  expect(await (await second).json()).toEqual({ length: 60_000, left: false });
  await free();
});

it("refuses what is announced as too large, and what turns out to be", async () => {
  answers.resolve();
  const announced = await post(LIMIT + 1);
  expect([announced.status, await announced.json()]).toEqual([413, { code: "body:too_large" }]);
  const body = new Blob(["x".repeat(LIMIT + 1)]).stream();
  const streamed = await fetch(url, { method: "POST", body, duplex: "half" });
  expect([streamed.status, await streamed.json()]).toEqual([413, { code: "body:too_large" }]);
  expect(await (await post(LIMIT)).json()).toMatchObject({ length: LIMIT });
  await free();
});

it("gives back what a sender that leaves has sent", async () => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n${"x".repeat(20_000)}`);
  await vi.waitUntil(() => budget.used > 0, { timeout: 10_000 });
  socket.destroy();
  await free();
  expect(seen).toBe(0);
});
