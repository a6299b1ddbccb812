import { createPrivateKey, sign } from "node:crypto";
import { type Order } from "../sender.ts";
import { hmac, seconds } from "./request.ts";

/** What stands before the 32 bytes of a private ed25519 key in its DER form (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

const SIGNING_PREFIX = "whsec_";
const PRIVATE_PREFIX = "whsk_";

/** Whether a Standard Webhooks signature can be made with it: a shared key, or the private one of a pair. */
export const canSign = (secret: string): boolean =>
  secret.startsWith(SIGNING_PREFIX) || secret.startsWith(PRIVATE_PREFIX);

/** The headers of https://www.standardwebhooks.com: `v1` by a `whsec_` key, `v1a` by a `whsk_` one. */
export function signedHeaders(
  { id, now, secret }: Pick<Order, "id" | "now" | "secret">,
  body: Buffer,
): Readonly<Record<string, string>> {
  const timestamp = seconds(now);
  const bytes = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const signature = secret === null ? {} : { "webhook-signature": signatureOf(secret, bytes) };
  return { "webhook-id": id, "webhook-timestamp": timestamp, ...signature };
}

function signatureOf(secret: string, bytes: Buffer): string {
  if (!secret.startsWith(PRIVATE_PREFIX)) {
    const key = Buffer.from(secret.replace(SIGNING_PREFIX, ""), "base64");
    return `v1,${hmac("sha256", key, bytes, "base64")}`;
  }
  // Some give the public half behind it.
  const seed = Buffer.from(secret.slice(PRIVATE_PREFIX.length), "base64").subarray(0, 32);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  return `v1a,${sign(null, bytes, key).toString("base64")}`;
}
