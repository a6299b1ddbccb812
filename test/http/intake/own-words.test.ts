import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "UseSomethingGoodHere";
const SETTINGS = `
sources:
  factory: { kind: jobserv, secret: "${SECRET}", path: /webhook }
  other: { kind: generic, secret: "${SECRET}" }
actions:
  deploy:
    workdir: .
    on: [{ source: factory, event: build, when: "event.status == 'PASSED'" }]
    steps: [{ shell: "true" }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const BODY = '{"build_id": 67, "url": "https://ci.example/projects/lmp/builds/67/", "status": "PASSED"}';
const sign = (body: string): string => `sha256:${createHmac("sha256", SECRET).update(body).digest("hex")}`;
const post = (headers: Record<string, string>, body = BODY, path = "/webhook") =>
  fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

async function expectWords(response: Response, status: number, text: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(await response.text()).toBe(text);
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(response.headers.get("x-api-uuid")).toMatch(/^[0-9a-f-]{36}$/);
}

describe("a JobServ sender is answered as by its example receiver", () => {
  it.each<[string, Record<string, string>, string]>([
    ["no signature", {}, "Invalid HMAC Sig format"],
    ["an empty signature", { "x-jobserv-sig": "" }, "Invalid HMAC Sig format"],
    ["another form", { "x-jobserv-sig": sign(BODY).replace(":", "=") }, "Invalid HMAC Sig format"],
    ["the prefix alone", { "x-jobserv-sig": "sha256:" }, "Invalid HMAC Sig"],
    ["another signature", { "x-jobserv-sig": sign("other") }, "Invalid HMAC Sig"],
  ])("to %s", async (_title, headers, text) => {
    await expectWords(await post(headers), 400, text);
    expect((await server.client.listDeliveries({ source: "factory", limit: 9 })).items).toEqual([]);
  });

  it("to a build, and to the same again, which starts nothing more", async () => {
    const headers = { "x-jobserv-sig": sign(BODY) };
    const first = await post(headers);
    const location = first.headers.get("location");
    expect(location).toMatch(/^\/api\/v1\/deliveries\/[0-9a-f-]{36}$/);
    await expectWords(first, 200, "OK\n");
    const again = await post(headers);
    expect(again.headers.get("location")).toBe(location);
    await expectWords(again, 200, "OK\n");
    expect((await server.client.listTasks({ limit: 9 })).items).toHaveLength(1);
  });

  it("but for what it has no words for", async () => {
    const broken = "{";
    const response = await post({ "x-jobserv-sig": sign(broken) }, broken);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "body:malformed" });
    expect((await fetch(`${server.url}/webhook`)).status).toBe(405);
  });
});

it("another sender is answered as ever", async () => {
  const response = await post({}, "{}", "/hooks/other");
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: "signature:missing" });
});
