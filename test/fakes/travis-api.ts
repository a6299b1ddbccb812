import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The one endpoint of Travis CI's API that tells the key its webhooks are signed with
 * (https://docs.travis-ci.com/user/notifications/#verifying-webhook-requests): `GET /config`.
 */
export interface FakeTravis {
  readonly configUrl: string;
  /** Travis signs with it. */
  readonly privateKey: KeyObject;
  /** What it answers instead of its configuration; null: that. */
  failWith(status: number | null): void;
  /** How often it was asked. */
  readonly asked: () => number;
  close(): Promise<void>;
}

export async function startFakeTravis(): Promise<FakeTravis> {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  let failure: number | null = null;
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const found = request.method === "GET" && request.url === "/config";
    const public_key = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
    const config = { host: "travis-ci.com", notifications: { webhook: { public_key } } };
    response.writeHead(failure ?? (found ? 200 : 404), { "content-type": "application/json" });
    response.end(JSON.stringify(failure === null && found ? { config } : { error: "not found" }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    configUrl: `http://127.0.0.1:${portOf(server.address())}/config`,
    privateKey: pair.privateKey,
    failWith(status) {
      failure = status;
    },
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === "object" && address !== null ? address.port : 0;
