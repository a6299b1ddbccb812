import { z } from "zod";
import { parseJsonBody, payloadText } from "../lib/json-body.ts";
import { textAt } from "../lib/pick.ts";
import { bodyDigest, tokenMatches } from "../lib/signatures.ts";
import { describeGiteaLike } from "./common/gitea-like.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { AuthResult, IncomingRequest, SourceCredentials, SourceKind } from "./source.ts";

const schema = z.strictObject({
  body_secret: z
    .boolean()
    .default(false)
    .describe("Check the field `secret` of the body, as Gogs before 0.12 sent it, instead of the signature."),
});

const eventName = ({ headers }: Pick<IncomingRequest, "headers">): string =>
  headers["x-gogs-event"] ?? "unknown";

/** Gogs (https://gogs.io/docs/features/webhook.html): HMAC-SHA256 over the JSON text, also of a form. */
export const gogs: SourceKind<z.output<typeof schema>> = {
  kind: "gogs",
  summary: "Gogs, by X-Gogs-Signature.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  fingerprintIsUnique: true,
  keptHeaders: ["user-agent", "x-gogs-event", "x-gogs-delivery"],
  authenticate(request, credentials, options) {
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (options.body_secret) return checkBodySecret(request, credentials);
    const signed = payloadText({ body: request.body, contentType: request.headers["content-type"] });
    const header = "x-gogs-signature";
    const format = { header, signed, prefix: "", algorithm: "sha256", encoding: "hex" } as const;
    return authenticateHmac(request, credentials, format);
  },
  senderId: ({ headers }) => headers["x-gogs-delivery"] ?? null,
  eventName,
  describe: (request, source) =>
    describeGiteaLike(request, { source, kind: "gogs", senderName: eventName(request) }),
};

/** The secret stands in the body, so the body has to be read before it is trusted; a malformed one can't be. */
function checkBodySecret({ headers, body }: IncomingRequest, { secrets }: SourceCredentials): AuthResult {
  const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
  const secret = parsed.ok ? textAt(parsed.value, "secret") : null;
  if (secret === null) {
    return { ok: false, code: "signature:missing", explanation: "The body has no field secret" };
  }
  if (!tokenMatches(secrets, secret)) {
    return {
      ok: false,
      code: "signature:invalid",
      explanation: "The body's secret is none of the live secrets",
    };
  }
  return { ok: true, fingerprint: bodyDigest(body) };
}
