import { createHash } from "node:crypto";
import { z } from "zod";
import type { HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { textAt } from "../lib/pick.ts";
import { emptyEvent } from "./common/forge-event.ts";
import { headerOf } from "./common/headers.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { IncomingRequest, SourceKind } from "./source.ts";

const schema = z.strictObject({});

const HEADER = "x-jobserv-sig";
/** A colon, unlike everybody else's `sha256=`. */
const PREFIX = "sha256:";

/**
 * JobServ, the CI of Foundries.io (https://docs.foundries.io/latest/user-guide/ci-webhooks.html). It sends neither a delivery id
 * nor a time: a build that is told of again with the same status is a repetition. Answers are those of its example receiver.
 */
export const jobserv: SourceKind<z.output<typeof schema>> = {
  kind: "jobserv",
  summary: "JobServ (Foundries.io), by X-JobServ-Sig.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  fingerprintIsUnique: () => true,
  keptHeaders: () => ["user-agent"],
  answers: {
    accepted: { status: 200, body: "OK\n" },
    refused: (request) => ({
      status: 400,
      body: headerOf(request, HEADER)?.startsWith(PREFIX) ? "Invalid HMAC Sig" : "Invalid HMAC Sig format",
    }),
  },
  authenticate(request, credentials) {
    const unsafe = passUnsafe(request, credentials);
    // The file that its documentation makes by `echo` ends with a newline; the receiver strips it.
    const secrets = credentials.secrets.map((secret) => secret.trim());
    const format = { header: HEADER, prefix: PREFIX, algorithm: "sha256", encoding: "hex" } as const;
    const result = unsafe ?? authenticateHmac(request, { secrets }, format);
    return result.ok ? { ok: true, fingerprint: buildOf(request) ?? result.fingerprint } : result;
  },
  senderId: () => null,
  eventName: () => "build",
  describe(request, source) {
    const parsed = parse(request);
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "jobserv", senderName: "build", payload }),
      name: "build",
      repository: projectOf(textAt(payload, "url")),
      status: textAt(payload, "status"),
    };
    return { ok: true, event };
  },
};

const parse = ({ body, headers }: IncomingRequest) =>
  parseJsonBody({ body, contentType: headers["content-type"] });

/** Stands for one build with one status; null when the body does not name both. */
function buildOf(request: IncomingRequest): string | null {
  const parsed = parse(request);
  if (!parsed.ok) return null;
  const [url, status] = [textAt(parsed.value, "url"), textAt(parsed.value, "status")];
  if (url === null || status === null) return null;
  return createHash("sha256")
    .update(JSON.stringify([url, status]))
    .digest("base64url");
}

/** `…/projects/andy-corp/lmp/builds/67/` is of `andy-corp/lmp`. */
const projectOf = (url: string | null): string | null =>
  /\/projects\/([^?#]+?)\/builds\/\d+\/?$/.exec(url ?? "")?.[1] ?? null;
