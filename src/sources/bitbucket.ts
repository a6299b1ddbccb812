import { z } from "zod";
import type { EventCommit, HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, flagAt, listAt, textAt } from "../lib/pick.ts";
import { authenticateBasic } from "./common/basic.ts";
import {
  bareCommit,
  emptyEvent,
  ownBranch,
  realSha,
  refParts,
  type EventParts,
} from "./common/forge-event.ts";
import { headerOf } from "./common/headers.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { DescribeResult, IncomingRequest, SourceKind } from "./source.ts";

const schema = z.strictObject({
  username: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Take the secret by HTTP Basic instead of a signature (Data Center): this user name, and the secret as the password.",
    ),
});

/** More are refused, with the reason: each may start every action. */
const MAX_CHANGES = 100;

const KEPT = [
  "user-agent",
  "x-event-key",
  "x-hook-uuid",
  "x-request-uuid",
  "x-request-id",
  "x-attempt-number",
];

const eventName = (request: Pick<IncomingRequest, "headers">): string =>
  headerOf(request, "x-event-key") ?? "unknown";

/**
 * Bitbucket Cloud (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/) and Data Center
 * (https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html). X-Hub-Signature carries a SHA-256 here,
 * though GitHub's header of that name has a SHA-1. One push may change several refs: each is an event of its own.
 */
export const bitbucket: SourceKind<z.output<typeof schema>> = {
  kind: "bitbucket",
  summary: "Bitbucket Cloud and Data Center, by X-Hub-Signature or HTTP Basic.",
  schema,
  defaultBodyLimit: 10 * 1024 * 1024,
  fingerprintIsUnique: () => true,
  keptHeaders: () => KEPT,
  authenticate(request, credentials, { username }) {
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (username !== undefined) return authenticateBasic(request, credentials, username);
    const format = { prefix: "sha256=", algorithm: "sha256", encoding: "hex" } as const;
    return authenticateHmac(request, credentials, { header: "x-hub-signature", ...format });
  },
  senderId: (request) => headerOf(request, "x-request-uuid", "x-request-id"),
  eventName,
  describe(request, source) {
    const parsed = parseJsonBody({ body: request.body, contentType: request.headers["content-type"] });
    if (!parsed.ok) return parsed;
    const senderName = eventName(request);
    const frame = frameOf({ source, senderName, payload: parsed.value });
    if (senderName === "repo:push")
      return pushes(frame, listAt(frame.payload, "push", "changes"), cloudChange);
    if (senderName === "repo:refs_changed")
      return pushes(frame, listAt(frame.payload, "changes"), serverChange);
    return { ok: true, event: { ...frame, ...partsOf(senderName, frame.payload) } };
  },
};

interface FrameInput {
  readonly source: string;
  readonly senderName: string;
  readonly payload: unknown;
}

/** What all events of both products have. */
const frameOf = ({ payload, ...input }: FrameInput): HookEvent => ({
  ...emptyEvent({ ...input, kind: "bitbucket", payload }),
  repository: repositoryOf(at(payload, "repository")),
  cloneUrl: cloneUrlOf(at(payload, "repository")),
  sender:
    textAt(payload, "actor", "nickname") ??
    textAt(payload, "actor", "name") ??
    textAt(payload, "actor", "display_name"),
});

/** Cloud: `workspace/slug`. Data Center: `PROJECT/slug`. */
function repositoryOf(repository: unknown): string | null {
  const [project, slug] = [textAt(repository, "project", "key"), textAt(repository, "slug")];
  return textAt(repository, "full_name") ?? (project === null || slug === null ? null : `${project}/${slug}`);
}

/** Only Data Center gives it. */
const cloneUrlOf = (repository: unknown): string | null =>
  textAt(
    listAt(repository, "links", "clone").find((link) => /^https?$/.test(textAt(link, "name") ?? "")),
    "href",
  );

/** One event for each ref that the push changed. */
function pushes(
  frame: HookEvent,
  changes: readonly unknown[],
  partsOfChange: (change: unknown) => Partial<HookEvent>,
): DescribeResult {
  if (changes.length > MAX_CHANGES) {
    return { ok: false, reason: `The push changes ${changes.length} refs; at most ${MAX_CHANGES} are taken` };
  }
  const [event = { ...frame, name: "push" } as const, ...more] = changes.map((change) => ({
    ...frame,
    ...partsOfChange(change),
  }));
  return { ok: true, event, more };
}

function partsOf(senderName: string, payload: unknown): Partial<HookEvent> {
  const known = PARTS.get(senderName);
  if (known !== undefined) return known(payload);
  const [, side, action = ""] = /^(pullrequest|pr):(.+)$/.exec(senderName) ?? [];
  // Anybody who can read may comment: as at the other forges that is no event of the pull request.
  if (side === undefined || action.startsWith("comment")) return {};
  return { ...(side === "pr" ? serverPullRequest(payload) : cloudPullRequest(payload)), action };
}

const PARTS: EventParts = new Map<string, (payload: unknown) => Partial<HookEvent>>([
  ["diagnostics:ping", () => ({ name: "ping" })],
  ["repo:commit_status_created", buildParts],
  ["repo:commit_status_updated", buildParts],
]);

/** A build's state at Bitbucket Cloud. It names the commit by its address alone, and no branch that could be relied on. */
function buildParts(payload: unknown): Partial<HookEvent> {
  const href = textAt(payload, "commit_status", "links", "commit", "href") ?? "";
  const [, sha = null] = /\/commit\/([0-9a-f]{40}|[0-9a-f]{64})$/.exec(href) ?? [];
  return { name: "build", status: textAt(payload, "commit_status", "state"), commit: bareCommit(sha) };
}

function cloudPullRequest(payload: unknown): Partial<HookEvent> {
  const found = at(payload, "pullrequest");
  const from = textAt(found, "source", "repository", "full_name");
  const fork = from === null || from !== textAt(payload, "repository", "full_name");
  return {
    name: "pull_request",
    ...ownBranch(textAt(found, "source", "branch", "name"), { fork }),
    fork,
    draft: flagAt(found, "draft"),
    commit: bareCommit(textAt(found, "source", "commit", "hash")),
    status: textAt(found, "state"),
  };
}

function serverPullRequest(payload: unknown): Partial<HookEvent> {
  const [from, to] = [at(payload, "pullRequest", "fromRef"), at(payload, "pullRequest", "toRef")];
  const id = textAt(from, "repository", "id");
  const fork = id === null || id !== textAt(to, "repository", "id");
  return {
    name: "pull_request",
    ...ownBranch(branchOf(textAt(from, "id")), { fork }),
    fork,
    draft: flagAt(payload, "pullRequest", "draft"),
    commit: bareCommit(textAt(from, "latestCommit")),
    repository: repositoryOf(at(to, "repository")),
    cloneUrl: cloneUrlOf(at(to, "repository")),
    status: textAt(payload, "pullRequest", "state"),
  };
}

const branchOf = (ref: string | null): string | null =>
  ref?.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : null;

/** One of `push.changes` of Bitbucket Cloud: `old` and `new` state of a ref, null where it was not there. No paths. */
function cloudChange(change: unknown): Partial<HookEvent> {
  const [before, after] = [at(change, "old") ?? null, at(change, "new") ?? null];
  const side = after ?? before;
  const name = textAt(side, "name");
  const folder = textAt(side, "type") === "tag" ? "tags" : "heads";
  return {
    ...named(name === null ? null : `refs/${folder}/${name}`),
    deleted: after === null && before !== null,
    commit: commitOf(at(after, "target")),
    before: textAt(before, "target", "hash"),
  };
}

function commitOf(target: unknown): EventCommit | null {
  const sha = textAt(target, "hash");
  if (sha === null) return null;
  return {
    sha,
    message: textAt(target, "message"),
    author: textAt(target, "author", "raw"),
    url: textAt(target, "links", "html", "href"),
    timestamp: textAt(target, "date"),
  };
}

/** One of `changes` of Bitbucket Data Center: `{refId, fromHash, toHash, type: ADD|UPDATE|DELETE}`. */
function serverChange(change: unknown): Partial<HookEvent> {
  const deleted = textAt(change, "type") === "DELETE";
  return {
    ...named(textAt(change, "ref", "id") ?? textAt(change, "refId")),
    deleted,
    commit: deleted ? null : bareCommit(realSha(textAt(change, "toHash"))),
    before: realSha(textAt(change, "fromHash")),
  };
}

function named(ref: string | null): Pick<HookEvent, "name" | "ref" | "branch" | "tag"> {
  const parts = refParts(ref);
  return { ...parts, name: parts.tag === null ? "push" : "tag" };
}
