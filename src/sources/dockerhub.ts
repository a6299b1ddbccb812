import { z } from "zod";
import type { HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, textAt } from "../lib/pick.ts";
import { bodyDigest, tokenMatches } from "../lib/signatures.ts";
import { emptyEvent } from "./common/forge-event.ts";
import { invalid, missing } from "./common/results.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { SourceKind } from "./source.ts";

const schema = z.strictObject({
  callback_hosts: z
    .array(z.string().regex(/^[a-z0-9.-]+$/, "expected the name of a host, in lower case"))
    .default(["registry.hub.docker.com"])
    .describe("Hosts that a payload's `callback_url` may name; a webhook that names another is rejected."),
});

/**
 * Docker Hub (https://docs.docker.com/docker-hub/repos/manage/webhooks/). It proves nothing by itself: the secret is the last
 * part of the URL that it is given.
 */
export const dockerhub: SourceKind<z.output<typeof schema>> = {
  kind: "dockerhub",
  summary: "Docker Hub, by a secret at the end of the URL path.",
  schema,
  defaultBodyLimit: 1024 * 1024,
  fingerprintIsUnique: () => true,
  secretInPath: true,
  keptHeaders: () => ["user-agent"],
  secretProblem: (secret) =>
    /^[A-Za-z0-9._~-]+$/.test(secret)
      ? null
      : "expected letters, digits, `.`, `_`, `~` and `-` alone, because it stands in a URL",
  authenticate(request, credentials) {
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    const { pathSecret = null, body } = request;
    if (pathSecret === null || pathSecret === "") return missing("The URL does not end with the secret");
    return tokenMatches(credentials.secrets, pathSecret)
      ? { ok: true, fingerprint: bodyDigest(body) }
      : invalid("The end of the URL is none of the live secrets");
  },
  senderId: () => null,
  eventName: () => "image",
  describe({ headers, body }, source, { callback_hosts: hosts }) {
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    if (!isAllowed(at(payload, "callback_url") ?? null, hosts)) {
      return { ok: false, reason: `The callback_url is no https URL of ${hosts.join(", ")}` };
    }
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "dockerhub", senderName: "image", payload }),
      name: "image",
      repository: textAt(payload, "repository", "repo_name"),
      tag: textAt(payload, "push_data", "tag"),
      sender: textAt(payload, "push_data", "pusher"),
    };
    return { ok: true, event };
  },
};

/** None is fine: then nobody is called back. */
function isAllowed(callback: unknown, hosts: readonly string[]): boolean {
  if (callback === null) return true;
  const url = typeof callback === "string" ? URL.parse(callback) : null;
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "") return false;
  return hosts.includes(url.host);
}
