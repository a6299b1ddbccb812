import { z } from "zod";
import type { HookEvent } from "../domain/event.ts";
import { parseJsonBody, payloadBytes } from "../lib/json-body.ts";
import { at, listAt, textAt } from "../lib/pick.ts";
import { bodyDigest, tokenMatches } from "../lib/signatures.ts";
import { isFork, ownBranch, releaseParts, type EventParts } from "./common/forge-event.ts";
import { describeGiteaLike, giteaPushParts } from "./common/gitea-like.ts";
import { headerOf } from "./common/headers.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { invalid, missing } from "./common/results.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { AuthResult, IncomingRequest, SourceCredentials, SourceKind } from "./source.ts";

const schema = z.strictObject({
  body_secret: z
    .boolean()
    .default(false)
    .describe("Check the field `secret` of the body, as Gogs before 0.12 sent it, instead of the signature."),
});

const KEPT = ["user-agent", "x-gogs-event", "x-gogs-delivery"];

const eventName = (request: Pick<IncomingRequest, "headers">): string =>
  headerOf(request, "x-gogs-event") ?? "unknown";

/** Gogs (https://gogs.io/docs/features/webhook.html): HMAC-SHA256 over the JSON text, also of a form. */
export const gogs: SourceKind<z.output<typeof schema>> = {
  kind: "gogs",
  summary: "Gogs, by X-Gogs-Signature.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  fingerprintIsUnique: () => true,
  keptHeaders: () => KEPT,
  authenticate(request, credentials, options) {
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (options.body_secret) return checkBodySecret(request, credentials);
    const signed = (): Buffer | null =>
      payloadBytes({ body: request.body, contentType: request.headers["content-type"] });
    const header = "x-gogs-signature";
    const format = { header, signed, prefix: "", algorithm: "sha256", encoding: "hex" } as const;
    return authenticateHmac(request, credentials, format);
  },
  senderId: (request) => headerOf(request, "x-gogs-delivery"),
  eventName,
  describe: (request, source) =>
    describeGiteaLike(request, { source, kind: "gogs", senderName: eventName(request), parts: PARTS }),
};

/** Gogs lists no more commits than this (its `FEED_MAX_COMMIT_NUM`) and does not say how many there were. */
const MAX_COMMITS = 5;

const PARTS: EventParts = new Map([
  ["push", pushParts],
  ["pull_request", pullRequestParts],
  ["release", releaseParts],
]);

function pushParts(payload: unknown): Partial<HookEvent> {
  const push = giteaPushParts(payload);
  return listAt(payload, "commits").length < MAX_COMMITS ? push : { ...push, paths: null };
}

/** It names the branch, but not the commit. */
function pullRequestParts(payload: unknown): Partial<HookEvent> {
  const request = at(payload, "pull_request");
  const fork = isFork(payload, at(request, "head_repo"));
  return {
    name: "pull_request",
    ...ownBranch(textAt(request, "head_branch"), { fork }),
    fork,
    status: textAt(request, "state"),
  };
}

/** The secret stands in the body, so the body has to be read before it is trusted; a malformed one can't be. */
function checkBodySecret({ headers, body }: IncomingRequest, { secrets }: SourceCredentials): AuthResult {
  const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
  const secret = parsed.ok ? at(parsed.value, "secret") : undefined;
  if (typeof secret !== "string" || secret === "") return missing("The body has no field secret");
  if (!tokenMatches(secrets, secret)) return invalid("The body's secret is none of the live secrets");
  return { ok: true, fingerprint: bodyDigest(body) };
}
