import { z } from "zod";
import type { EventName, HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, flagAt, listAt, numberAt, textAt } from "../lib/pick.ts";
import { bodyDigest } from "../lib/signatures.ts";
import {
  commitOf,
  commitWith,
  emptyEvent,
  isDeletion,
  ownBranch,
  pathsOf,
  realSha,
  refParts,
  type EventParts,
} from "./common/forge-event.ts";
import { headerOf } from "./common/headers.ts";
import {
  authenticateSigned,
  SIGNATURE_HEADER,
  SIGNING_PREFIX,
  signingSecretProblem,
} from "./common/standard-webhooks.ts";
import { timeWindow } from "./common/time-window.ts";
import { authenticateToken } from "./common/token.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { IncomingRequest, SourceKind } from "./source.ts";

const schema = z.strictObject({ window: timeWindow });

const KEPT = [
  "user-agent",
  "idempotency-key",
  "x-gitlab-event",
  "x-gitlab-event-uuid",
  "x-gitlab-webhook-uuid",
  "x-gitlab-instance",
  "webhook-id",
  "webhook-timestamp",
];

const eventName = (request: Pick<IncomingRequest, "headers">): string =>
  headerOf(request, "x-gitlab-event") ?? "unknown";

const isKey = (secret: string): boolean => secret.startsWith(SIGNING_PREFIX);

/** GitLab takes line breaks out of a token before it sends it; a secret from the environment may end with one. */
const withoutLineBreaks = (secret: string): string => secret.replaceAll(/\r?\n/g, "");

/**
 * GitLab (https://docs.gitlab.com/user/project/integrations/webhooks/). The plain token in X-Gitlab-Token signs nothing;
 * a secret that starts with `whsec_` is a signing key (Standard Webhooks). A request that carries a signature is judged
 * by that alone: falling back to the token would let anybody strip it.
 */
export const gitlab: SourceKind<z.output<typeof schema>> = {
  kind: "gitlab",
  summary: "GitLab, by X-Gitlab-Token or a webhook-signature.",
  schema,
  defaultBodyLimit: 25 * 1024 * 1024,
  fingerprintIsUnique: () => false,
  keptHeaders: () => KEPT,
  secretProblem: (secret) => (isKey(secret) ? signingSecretProblem(secret) : null),
  authenticate(request, credentials, { window: windowMs }, now) {
    const { secrets } = credentials;
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (request.headers[SIGNATURE_HEADER] !== undefined) {
      return authenticateSigned(request, { secrets: secrets.filter(isKey), now, windowMs });
    }
    const tokens = secrets.filter((secret) => !isKey(secret)).map(withoutLineBreaks);
    return authenticateToken(request, { header: "x-gitlab-token", secrets: tokens });
  },
  senderId(request) {
    const id = headerOf(request, "webhook-id", "idempotency-key");
    if (id !== null) return id;
    // Hooks that set off other hooks share this one: alone it does not identify a delivery.
    const uuid = headerOf(request, "x-gitlab-event-uuid");
    return uuid === null ? null : `${uuid}/${bodyDigest(request.body).slice(0, 32)}`;
  },
  eventName,
  describe(request, source) {
    const { headers, body } = request;
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const senderName = eventName(request);
    const kind = textAt(payload, "object_kind") ?? textAt(payload, "event_name") ?? "";
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "gitlab", senderName, payload }),
      repository: textAt(payload, "project", "path_with_namespace") ?? textAt(payload, "path_with_namespace"),
      cloneUrl: textAt(payload, "project", "git_http_url"),
      sender: textAt(payload, "user_username") ?? textAt(payload, "user", "username"),
      action: textAt(payload, "object_attributes", "action") ?? textAt(payload, "action"),
      ...PARTS.get(kind)?.(payload),
    };
    return { ok: true, event };
  },
};

/** By `object_kind`, which system hooks have too (there as `event_name`). */
const PARTS: EventParts = new Map([
  ["push", (payload: unknown) => pushParts(payload, "push")],
  ["tag_push", (payload: unknown) => pushParts(payload, "tag")],
  ["merge_request", mergeRequestParts],
  ["pipeline", pipelineParts],
  ["release", releaseParts],
]);

function pushParts(payload: unknown, name: EventName): Partial<HookEvent> {
  const commits = listAt(payload, "commits");
  // Of an annotated tag `after` is the tag's own id; `checkout_sha` is the commit in any case.
  const sha = realSha(textAt(payload, "checkout_sha")) ?? realSha(textAt(payload, "after"));
  const deleted = isDeletion(payload);
  return {
    ...refParts(textAt(payload, "ref")),
    name,
    deleted,
    commit: deleted
      ? null
      : commitWith(
          sha,
          commits.find((commit) => textAt(commit, "id") === sha),
        ),
    before: realSha(textAt(payload, "before")),
    paths: pathsOf(commits, numberAt(payload, "total_commits_count")),
  };
}

function mergeRequestParts(payload: unknown): Partial<HookEvent> {
  const attributes = at(payload, "object_attributes");
  const fork = isFromFork(attributes);
  return {
    name: "pull_request",
    ...ownBranch(textAt(attributes, "source_branch"), { fork }),
    fork,
    // Older versions call it work in progress.
    draft: flagAt(attributes, "draft") ?? flagAt(attributes, "work_in_progress"),
    commit: commitOf(at(attributes, "last_commit")),
    status: textAt(attributes, "state"),
  };
}

/** A source project that is not named counts as a fork: it may be a removed one. */
function isFromFork(mergeRequest: unknown): boolean {
  const from = textAt(mergeRequest, "source_project_id");
  return from === null || from !== textAt(mergeRequest, "target_project_id");
}

function pipelineParts(payload: unknown): Partial<HookEvent> {
  const attributes = at(payload, "object_attributes");
  const name = textAt(attributes, "ref");
  const tag = at(attributes, "tag") === true;
  const mergeRequest = at(payload, "merge_request") ?? null;
  const fork = mergeRequest !== null && isFromFork(mergeRequest);
  return {
    ...(tag ? refParts(name === null ? null : `refs/tags/${name}`) : ownBranch(name, { fork })),
    name: "build",
    fork,
    commit: commitWith(textAt(attributes, "sha"), at(payload, "commit")),
    status: textAt(attributes, "status"),
  };
}

function releaseParts(payload: unknown): Partial<HookEvent> {
  const tag = textAt(payload, "tag");
  return {
    ...refParts(tag === null ? null : `refs/tags/${tag}`),
    name: "release",
    commit: commitOf(at(payload, "commit")),
  };
}
