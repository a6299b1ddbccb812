import { z } from "zod";
import { parseJsonBody } from "../lib/json-body.ts";
import { textAt } from "../lib/pick.ts";
import { emptyEvent } from "./common/forge-event.ts";
import { headerOf } from "./common/headers.ts";
import { mapEvent, mappedFields } from "./common/mapped-event.ts";
import {
  authenticateSigned,
  PUBLIC_PREFIX,
  publicKeyProblem,
  SIGNING_PREFIX,
  signingSecretProblem,
} from "./common/standard-webhooks.ts";
import { timeWindow } from "./common/time-window.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { SourceKind } from "./source.ts";

const schema = z.strictObject({
  window: timeWindow,
  fields: mappedFields
    .default({})
    .describe(
      "Field of the event → CEL over `payload` and `headers`, such as `branch: payload.data.branch`.",
    ),
});

const KEPT = ["user-agent", "webhook-id", "webhook-timestamp"];

/** Any sender that keeps to https://www.standardwebhooks.com. What its payload means is for the settings to say. */
export const standardWebhooks: SourceKind<z.output<typeof schema>> = {
  kind: "standard-webhooks",
  summary: "Any sender that keeps to Standard Webhooks, by webhook-signature (`v1` and `v1a`).",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  // The id is signed.
  fingerprintIsUnique: () => false,
  keptHeaders: () => KEPT,
  secretProblem(secret) {
    if (secret.startsWith(SIGNING_PREFIX)) return signingSecretProblem(secret);
    if (secret.startsWith(PUBLIC_PREFIX)) return publicKeyProblem(secret);
    return `expected a key that starts with ${SIGNING_PREFIX} (secret) or ${PUBLIC_PREFIX} (public)`;
  },
  authenticate(request, credentials, { window: windowMs }, now) {
    const unsafe = passUnsafe(request, credentials);
    return unsafe ?? authenticateSigned(request, { secrets: credentials.secrets, now, windowMs });
  },
  senderId: (request) => headerOf(request, "webhook-id"),
  eventName: () => "webhook",
  describe(request, source, { fields }) {
    const parsed = parseJsonBody({ body: request.body, contentType: request.headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const senderName = textAt(payload, "type") ?? "webhook";
    const frame = emptyEvent({ source, kind: "standard-webhooks", senderName, payload });
    const names = [...KEPT, "content-type"].filter((name) => headerOf(request, name) !== null);
    const headers = Object.fromEntries(names.map((name) => [name, headerOf(request, name)]));
    return mapEvent({ frame, fields, vars: { payload, headers } });
  },
};
