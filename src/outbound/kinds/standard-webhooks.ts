import { createHmac } from "node:crypto";
import { z } from "zod";
import { decodeBase64 } from "../../lib/signatures.ts";
import { JSON_TYPE, type EndpointKind, type Signable } from "../kind.ts";
import { noticeData } from "../notice-data.ts";

const schema = z.strictObject({});

const PREFIX = "whsec_";
const [MIN_KEY_BYTES, MAX_KEY_BYTES] = [24, 64];

/**
 * https://www.standardwebhooks.com: `{ type, timestamp, data }`, signed with HMAC-SHA256 over `id.timestamp.body`. With several
 * secrets live, each has a signature in the header.
 */
export const standardWebhooks: EndpointKind<z.output<typeof schema>> = {
  kind: "standard-webhooks",
  summary: "Receivers by the Standard Webhooks specification; secrets are `whsec_` and base64.",
  schema,
  secret: "required",
  secretProblem: (secret) =>
    keyOf(secret) === null
      ? `expected ${PREFIX} and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`
      : null,
  render: (notice, _options, { links }) => ({
    body: JSON.stringify(noticeData(notice, links)),
    headers: JSON_TYPE,
  }),
  sign(message, secrets) {
    const timestamp = String(Math.floor(message.now.getTime() / 1_000));
    return {
      "webhook-id": message.id,
      "webhook-timestamp": timestamp,
      "webhook-signature": secrets.map((secret) => signatureOf(secret, message, timestamp)).join(" "),
    };
  },
};

function keyOf(secret: string): Buffer | null {
  const key = secret.startsWith(PREFIX) ? decodeBase64(secret.slice(PREFIX.length)) : null;
  return key === null || key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES ? null : key;
}

function signatureOf(secret: string, { id, body }: Signable, timestamp: string): string {
  const key = keyOf(secret);
  if (key === null)
    throw new Error("A secret of a standard-webhooks endpoint has been let through that is none");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}
