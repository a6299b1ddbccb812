import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const source = (keys: string): string => `{ kind: github, secret: "${SECRET}"${keys} }`;
const SETTINGS = `
server: { trusted_proxies: [127.0.0.1] }
sources:
  open: ${source("")}
  local: ${source(", allow_from: [127.0.0.0/8]")}
  remote: ${source(', allow_from: [192.0.2.0/24, "2001:db8::/32"]')}
  factory: { kind: jobserv, secret: "${SECRET}", allow_from: [192.0.2.0/24] }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

let count = 0;
const statusOf = async (name: string, secret: string, forwarded?: string): Promise<number> => {
  count += 1;
  const sha = count.toString(16).padStart(40, "0");
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return (await server.push({ path: `/hooks/${name}`, secret, sha, headers })).status;
};

describe("a source that takes webhooks from some networks", () => {
  it.each([
    ["open", undefined, 202],
    ["open", "203.0.113.9", 202],
    ["local", undefined, 202],
    ["local", "203.0.113.9", 403],
    ["remote", undefined, 403],
    ["remote", "192.0.2.7", 202],
    ["remote", "::ffff:192.0.2.7", 202],
    ["remote", "2001:db8::1", 202],
    ["remote", "192.0.3.1", 403],
    ["remote", "192.0.2.7, 203.0.113.9", 403],
    ["remote", "nonsense", 403],
  ])("%s, from %s: %d", async (name, forwarded, status) => {
    expect(await statusOf(name, SECRET, forwarded)).toBe(status);
  });

  it("tells who is outside nothing of the secret, and stores nothing", async () => {
    const before = (await server.client.listDeliveries({ limit: 100 })).items.length;
    expect(await statusOf("remote", "another-secret-long-enough")).toBe(403);
    expect(await statusOf("remote", SECRET)).toBe(403);
    expect((await server.client.listDeliveries({ limit: 100 })).items).toHaveLength(before);
  });

  it("answers with the code, also a sender that has words of its own", async () => {
    const response = await fetch(`${server.url}/hooks/factory`, { method: "POST", body: "{}" });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: "source:address" });
  });
});
