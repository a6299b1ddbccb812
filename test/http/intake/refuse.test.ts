import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { problemOf } from "../../support/problems.ts";
import { githubPush } from "../../support/push.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: github, secret: "${SECRET}" }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push }]
    steps: [{ shell: "true" }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const counterSchema = z.object({ items: z.array(z.object({ name: z.string(), value: z.number() })) });
async function counted(code: string): Promise<number> {
  const { items } = counterSchema.parse(await (await server.api("/counters")).json());
  return items.find(({ name }) => name === code)?.value ?? 0;
}

const deliveries = async () => (await server.client.listDeliveries({ limit: 100 })).items;

function post(change: Readonly<Record<string, string | undefined>>, body?: string): Promise<Response> {
  const push = githubPush({ secret: SECRET, ...(body !== undefined && { body }) });
  const entries = Object.entries({ ...push.headers, ...change });
  const headers = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return server.fetch("/hooks/app", { method: "POST", headers, body: new Uint8Array(push.body) });
}

describe("a webhook that proves nothing", () => {
  it.each([
    ["without a signature", undefined, "signature:missing"],
    ["with an empty one", "", "signature:missing"],
    ["with no digest after the prefix", "sha256=", "signature:missing"],
    [
      "with another body's",
      `sha256=${createHmac("sha256", SECRET).update("else").digest("hex")}`,
      "signature:invalid",
    ],
    [
      "with another secret's",
      `sha256=${createHmac("sha256", "wrong").update("x").digest("hex")}`,
      "signature:invalid",
    ],
    ["with half of one", `sha256=${"a".repeat(32)}`, "signature:invalid"],
    ["with one of another algorithm", `sha1=${"a".repeat(40)}`, "signature:invalid"],
  ])("%s gets 401, is not stored, and is counted", async (_name, signature, code) => {
    const before = [await deliveries(), await counted(code)];
    const response = await post({ "x-hub-signature-256": signature });
    expect(response.status).toBe(401);
    const problem = await problemOf(response);
    expect(problem.code).toBe(code);
    expect([await deliveries(), (await counted(code)) - 1]).toEqual(before);
  });

  it("is not told which secret or digest was expected", async () => {
    const text = await (await post({ "x-hub-signature-256": `sha256=${"a".repeat(64)}` })).text();
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/[0-9a-f]{64}/);
  });
});

describe("an authentic webhook that can't be used", () => {
  it.each([
    ["no JSON", "{ not JSON", /not valid JSON/],
    ["nothing", "", /empty/],
    ["JSON made to break parsers", `${"[".repeat(500)}${"]".repeat(500)}`, /nested/],
  ])(
    "with %s gets 400, is stored as rejected with its reason, and is answered so again",
    async (_name, body, reason) => {
      const before = (await deliveries()).length;
      const first = await post({}, body);
      expect(first.status).toBe(400);
      const problem = await problemOf(first);
      expect(problem.code).toBe("body:malformed");
      expect(problem.detail).toMatch(reason);
      const [stored, ...older] = await deliveries();
      expect(older).toHaveLength(before);
      expect(stored).toMatchObject({
        id: problem["delivery_id"],
        verdict: "rejected",
        reason: problem.detail,
        body_size: body.length,
      });
      const second = await post({}, body);
      expect(second.status).toBe(400);
      const again = await problemOf(second);
      expect(again).toEqual({ ...problem, instance: again.instance });
      expect(await deliveries()).toHaveLength(before + 1);
    },
  );

  it("can be read back byte by byte", async () => {
    const response = await post({}, "{ not JSON");
    const id = String((await problemOf(response))["delivery_id"]);
    const body = await server.api(`/deliveries/${id}/body`);
    expect(body.headers.get("content-type")).toBe("application/octet-stream");
    expect(await body.text()).toBe("{ not JSON");
  });
});

describe("what is no webhook", () => {
  it("packed bodies get 415, before anything is unpacked", async () => {
    const body = gzipSync("{}");
    const signature = createHmac("sha256", SECRET).update(body).digest("hex");
    const headers = { "content-encoding": "gzip", "x-hub-signature-256": `sha256=${signature}` };
    const response = await server.fetch("/hooks/app", {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
    expect(response.status).toBe(415);
    expect((await problemOf(response)).code).toBe("body:unsupported");
  });

  it.each(["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "%s gets 405 and is told what is allowed",
    async (method) => {
      const response = await server.fetch("/hooks/app", { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST");
      expect((await problemOf(response)).code).toBe("request:method");
    },
  );

  it.each(["/hooks/other", "/hooks", "/hooks/", "/nothing"])("%s gets 404", async (path) => {
    const before = await deliveries();
    const response = await server.push({ secret: SECRET, path });
    expect(response.status).toBe(404);
    expect((await problemOf(response)).code).toBe("request:not_found");
    expect(await deliveries()).toEqual(before);
  });
});
