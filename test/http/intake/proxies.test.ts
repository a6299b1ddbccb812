import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SUBJECT = "CN=deploy.partner.example,O=Partner";
const source = (proxy: string): string =>
  `{ kind: generic, token_header: X-SSL-Client-S-DN, secrets: ["${SUBJECT}"], proxies: [${proxy}] }`;
/** The proxy's address is trusted here as it would be there: what it forwards must not count as its own. */
const SETTINGS = `
server: { trusted_proxies: [127.0.0.0/8] }
sources:
  by-proxy: ${source("127.0.0.1")}
  elsewhere: ${source("192.0.2.1")}
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const send = async (name: string, headers: Readonly<Record<string, string>>): Promise<unknown> => {
  const response = await server.fetch(`/hooks/${name}`, { method: "POST", headers, body: "{}" });
  return response.status === 202 ? "taken" : response.json();
};

describe("a source that believes what its proxies say of a client certificate", () => {
  it("takes what comes by them with a subject that it knows", async () => {
    expect(await send("by-proxy", { "x-ssl-client-s-dn": SUBJECT })).toBe("taken");
  });

  it("refuses another subject, and none", async () => {
    const another = await send("by-proxy", { "x-ssl-client-s-dn": "CN=somebody" });
    expect(another).toMatchObject({ status: 401, code: "signature:invalid" });
    expect(await send("by-proxy", {})).toMatchObject({ status: 401, code: "signature:missing" });
  });

  it.each([{}, { "x-forwarded-for": "192.0.2.1" }, { forwarded: "for=192.0.2.1" }])(
    "refuses a connection from elsewhere, whatever it says: %j",
    async (more) => {
      const answer = await send("elsewhere", { "x-ssl-client-s-dn": SUBJECT, ...more });
      expect(answer).toMatchObject({ status: 401, code: "signature:missing" });
    },
  );
});
