import { z } from "zod";
import { payloadBytes } from "../lib/json-body.ts";
import { pullRequestParts, releaseParts, workflowRunParts, type EventParts } from "./common/forge-event.ts";
import { describeGiteaLike, giteaPushParts } from "./common/gitea-like.ts";
import { headerOf } from "./common/headers.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { IncomingRequest, SourceKind } from "./source.ts";

const schema = z.strictObject({});

/** Forgejo first: it sends Gitea's headers too, and both send those of Gogs and GitHub. */
const EVENT = ["x-forgejo-event", "x-gitea-event"];
const DELIVERY = ["x-forgejo-delivery", "x-gitea-delivery"];
const KEPT = ["user-agent", ...EVENT, ...DELIVERY, "x-forgejo-event-type", "x-gitea-event-type"];

const eventName = (request: Pick<IncomingRequest, "headers">): string =>
  headerOf(request, ...EVENT) ?? "unknown";

/**
 * Gitea and Forgejo (https://docs.gitea.com/usage/webhooks). They sign the JSON text: of a form, the decoded field
 * `payload`, not the raw bytes. Without a secret they send the signature headers empty, which is a refusal here.
 */
export const gitea: SourceKind<z.output<typeof schema>> = {
  kind: "gitea",
  summary: "Gitea and Forgejo, by X-Gitea-Signature.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  fingerprintIsUnique: () => true,
  keptHeaders: () => KEPT,
  authenticate(request, credentials) {
    const header =
      request.headers["x-forgejo-signature"] === undefined ? "x-gitea-signature" : "x-forgejo-signature";
    const signed = (): Buffer | null =>
      payloadBytes({ body: request.body, contentType: request.headers["content-type"] });
    const format = { header, signed, prefix: "", algorithm: "sha256", encoding: "hex" } as const;
    return passUnsafe(request, credentials) ?? authenticateHmac(request, credentials, format);
  },
  senderId: (request) => headerOf(request, ...DELIVERY),
  eventName,
  describe: (request, source) =>
    describeGiteaLike(request, { source, kind: "gitea", senderName: eventName(request), parts: PARTS }),
};

const PARTS: EventParts = new Map([
  ["push", giteaPushParts],
  ["pull_request", pullRequestParts],
  ["release", releaseParts],
  ["workflow_run", workflowRunParts],
]);
