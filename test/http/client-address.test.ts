import { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createClientAddress } from "../../src/http/client-address.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

function addressOf(trusted: readonly string[], peer: string, forwarded?: string): string | null {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: peer });
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return createClientAddress(() => trusted)({ headers, socket });
}

describe("the address of a client", () => {
  const proxies = ["10.0.0.0/8", "::1/128"];

  it.each([
    ["the connection's, without a proxy", [], "192.0.2.1", undefined, "192.0.2.1"],
    ["the connection's, whatever it claims", [], "192.0.2.1", "198.51.100.1", "192.0.2.1"],
    ["the connection's, when that is no trusted proxy", proxies, "192.0.2.1", "198.51.100.1", "192.0.2.1"],
    ["what a trusted proxy says", proxies, "10.1.2.3", "198.51.100.1", "198.51.100.1"],
    ["what a trusted proxy says, by IPv6", proxies, "::1", "2001:db8::1", "2001:db8::1"],
    [
      "what a trusted proxy says, written as IPv6",
      proxies,
      "::ffff:10.1.2.3",
      "198.51.100.1",
      "198.51.100.1",
    ],
    [
      "the last that no trusted proxy has",
      proxies,
      "10.1.2.3",
      "1.1.1.1, 198.51.100.1, 10.9.9.9",
      "198.51.100.1",
    ],
    ["not what the client wrote before that", proxies, "10.1.2.3", "127.0.0.1,198.51.100.1", "198.51.100.1"],
    ["the proxy's, when it says nothing", proxies, "10.1.2.3", undefined, "10.1.2.3"],
    ["the proxy's, when it says nonsense", proxies, "10.1.2.3", "unknown", "10.1.2.3"],
    ["the outermost proxy's, when there are only proxies", proxies, "10.1.2.3", "10.4.4.4", "10.4.4.4"],
  ])("is %s", (_name, trusted, peer, forwarded, expected) => {
    expect(addressOf(trusted, peer, forwarded)).toBe(expected);
  });
});

describe("a server behind a proxy", () => {
  let server: TestServer;
  afterEach(() => server.close());
  const settings = (proxies: string): string => `
server: { trusted_proxies: [${proxies}] }
sources: { app: { kind: github, secret: a-long-enough-secret } }
`;

  it.each([
    ["127.0.0.1", "198.51.100.7"],
    ["", "127.0.0.1"],
  ])("that trusts [%s] writes down %s", async (proxies, expected) => {
    server = await startTestServer({ settings: settings(proxies), work: false });
    await server.push({ secret: "a-long-enough-secret", headers: { "x-forwarded-for": "198.51.100.7" } });
    const [delivery] = (await server.client.listDeliveries()).items;
    expect(delivery?.remote_address).toBe(expected);
  });
});
