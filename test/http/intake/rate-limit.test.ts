import { afterEach, describe, expect, it } from "vitest";
import { logLines } from "../../support/log-lines.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const settings = (limit: string, more = ""): string => `
server: { trusted_proxies: [127.0.0.1], rate_limit: ${limit} }
sources:
  app: { kind: github, secret: "${SECRET}"${more} }
  other: { kind: github, secret: "${SECRET}" }
`;
const FIVE = "{ client: { per_second: 0.001, burst: 5 } }";

let server: TestServer;
let lines: string[] = [];
afterEach(() => server.close());

async function start(text: string): Promise<void> {
  const log = logLines("warn");
  lines = log.lines;
  server = await startTestServer({
    settings: text,
    work: false,
    file: true,
    logger: log.logger,
  });
}

let count = 0;
function push(from: string, { secret = SECRET, name = "app" } = {}): Promise<Response> {
  count += 1;
  const sha = count.toString(16).padStart(40, "0");
  return server.push({ path: `/hooks/${name}`, secret, sha, headers: { "x-forwarded-for": from } });
}

async function statuses(times: number, send: () => Promise<Response>): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  for (let i = 0; i < times; i += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as one client sends
    const { status } = await send();
    found[status] = (found[status] ?? 0) + 1;
  }
  return found;
}

describe("requests that prove nothing", () => {
  it("are refused after a burst, with Retry-After, a code, a count and one line in the log", async () => {
    await start(settings(FIVE));
    const wrong = { secret: "another-secret-long-enough" };
    expect(await statuses(5, () => push("203.0.113.1", wrong))).toEqual({ 401: 5 });
    const refused = await push("203.0.113.1", wrong);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: "rate:limited" });
    expect(await statuses(4, () => push("203.0.113.1"))).toEqual({ 429: 4 });
    // Others, and other sources, are not concerned.
    expect(await statuses(2, () => push("203.0.113.2"))).toEqual({ 202: 2 });
    expect(await statuses(2, () => push("203.0.113.1", { name: "other" }))).toEqual({ 202: 2 });
    expect(await (await server.api("/counters")).text()).toContain(
      '{"name":"rate:limited","source":"app","value":5}',
    );
    expect(lines.filter((line) => line.includes('"source":"app"'))).toHaveLength(1);
  });

  it("are refused before their body has arrived", async () => {
    await start(settings(FIVE));
    await statuses(5, () => push("203.0.113.1", { secret: "another-secret-long-enough" }));
    const connection = await server.raw();
    connection.write(
      "POST /hooks/app HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 203.0.113.1\r\ncontent-length: 1000\r\n\r\n",
    );
    expect(await connection.answer()).toMatchObject({ status: 429 });
  });
});

describe("a sender that proves who it is", () => {
  it("has a burst as long as it likes, and many at once", async () => {
    await start(settings("{ client: { per_second: 0.001, burst: 20 } }"));
    expect(await statuses(60, () => push("203.0.113.1"))).toEqual({ 202: 60 });
    const answers = await Promise.all(Array.from({ length: 150 }, () => push("203.0.113.1")));
    expect(answers.map(({ status }) => status).filter((status) => status !== 202)).toEqual([]);
  });

  it("is limited where the source has a limit of its own", async () => {
    await start(settings("off", ", rate_limit: { source: { per_second: 0.001, burst: 3 } }"));
    expect(await statuses(5, () => push("203.0.113.1"))).toEqual({ 202: 3, 429: 2 });
    expect(await statuses(5, () => push("203.0.113.1", { name: "other" }))).toEqual({ 202: 5 });
  });
});

describe("the APIs", () => {
  interface Init extends RequestInit {
    readonly headers?: Readonly<Record<string, string>>;
  }
  const ask = (path: string, { headers, ...init }: Init = {}): Promise<Response> =>
    server.fetch(path, { ...init, headers: { ...headers, "x-forwarded-for": "203.0.113.1" } });

  it.each([
    ["/api/v1/tasks", {}],
    ["/", { method: "POST", body: "{}" }],
    ["/1/deploy", { method: "POST", body: "{}" }],
    ["/nothing", {}],
  ])("are limited before they look at anything: %s", async (path, init) => {
    await start(settings(FIVE));
    const found = await statuses(7, () => ask(path, init));
    expect(found[429]).toBe(2);
    const refused = await ask(path, init);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]/);
    // The deploy API has a form of its own for errors.
    expect(await refused.text()).toMatch(/"(code|error)":"rate:limited"/);
    // Whether the server lives can be asked all the same.
    expect(await ask("/healthz")).toMatchObject({ status: 200 });
  });

  it("don't count who has a token, nor what is there for everybody", async () => {
    await start(settings(FIVE));
    const headers = { authorization: `Bearer ${server.token}` };
    expect(await statuses(10, () => ask("/api/v1/tasks", { headers }))).toEqual({ 200: 10 });
    expect(await statuses(10, () => ask("/"))).toEqual({ 200: 10 });
  });
});

describe("behind a proxy that the settings don't name", () => {
  it("limits nobody for what another does, and says what is missing, once", async () => {
    await start(settings(FIVE).replace("trusted_proxies: [127.0.0.1], ", ""));
    const wrong = { secret: "another-secret-long-enough" };
    expect(await statuses(8, () => push("203.0.113.1", wrong))).toEqual({ 401: 8 });
    expect(lines.filter((line) => line.includes("trusted_proxies"))).toHaveLength(1);
    // What comes straight is limited.
    const straight = () => server.push({ secret: wrong.secret });
    expect(await statuses(8, straight)).toEqual({ 401: 5, 429: 3 });
  });
});
