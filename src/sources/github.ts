import { z } from "zod";
import type { HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, listAt, textAt } from "../lib/pick.ts";
import {
  bareCommit,
  buildParts,
  commitOf,
  emptyEvent,
  ownBranch,
  pathsOf,
  pullRequestParts,
  realSha,
  refParts,
  releaseParts,
  workflowRunParts,
  type EventParts,
} from "./common/forge-event.ts";
import { headerOf } from "./common/headers.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { IncomingRequest, SourceKind } from "./source.ts";

const schema = z.strictObject({
  algorithm: z
    .enum(["sha256", "sha1"])
    .default("sha256")
    .describe("`sha1` checks the old X-Hub-Signature header, for senders that know no other."),
});

/** GitHub lists no more commits than this in one push. */
const MAX_COMMITS = 2_048;

const KEPT = [
  "user-agent",
  "x-github-event",
  "x-github-delivery",
  "x-github-hook-id",
  "x-github-hook-installation-target-type",
  "x-github-hook-installation-target-id",
];

const eventName = (request: Pick<IncomingRequest, "headers">): string =>
  headerOf(request, "x-github-event") ?? "unknown";

/**
 * GitHub (https://docs.github.com/en/webhooks). Signs the raw bytes, also of a form; the delivery id is not signed,
 * so the same signature under another id is a replay.
 */
export const github: SourceKind<z.output<typeof schema>> = {
  kind: "github",
  summary: "GitHub, by X-Hub-Signature-256.",
  schema,
  defaultBodyLimit: 25 * 1024 * 1024,
  fingerprintIsUnique: () => true,
  keptHeaders: () => KEPT,
  authenticate(request, credentials, { algorithm }) {
    const header = algorithm === "sha1" ? "x-hub-signature" : "x-hub-signature-256";
    const format = { header, prefix: `${algorithm}=`, algorithm, encoding: "hex" } as const;
    return passUnsafe(request, credentials) ?? authenticateHmac(request, credentials, format);
  },
  senderId: (request) => headerOf(request, "x-github-delivery"),
  eventName,
  describe(request, source) {
    const { headers, body } = request;
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const senderName = eventName(request);
    const payload = parsed.value;
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "github", senderName, payload }),
      repository: textAt(payload, "repository", "full_name"),
      cloneUrl: textAt(payload, "repository", "clone_url"),
      sender: textAt(payload, "sender", "login") ?? textAt(payload, "pusher", "name"),
      action: textAt(payload, "action"),
      ...PARTS.get(senderName)?.(payload),
    };
    return { ok: true, event };
  },
};

/** A tag also comes as `create`; only the push counts as one. */
const PARTS: EventParts = new Map<string, (payload: unknown) => Partial<HookEvent>>([
  ["ping", () => ({ name: "ping" })],
  ["push", pushParts],
  ["pull_request", pullRequestParts],
  ["release", releaseParts],
  ["workflow_run", workflowRunParts],
  ["check_suite", checkSuiteParts],
  ["status", statusParts],
  ["package", (payload) => packageParts(at(payload, "package"))],
  ["registry_package", (payload) => packageParts(at(payload, "registry_package"))],
]);

function pushParts(payload: unknown): Partial<HookEvent> {
  const ref = refParts(textAt(payload, "ref"));
  const commits = listAt(payload, "commits");
  return {
    ...ref,
    name: ref.tag === null ? "push" : "tag",
    deleted: at(payload, "deleted") === true,
    commit: commitOf(at(payload, "head_commit")) ?? bareCommit(realSha(textAt(payload, "after"))),
    before: realSha(textAt(payload, "before")),
    paths: commits.length >= MAX_COMMITS ? null : pathsOf(commits, null),
  };
}

/** It does not say which repository the branch is of; GitHub leaves the branch out for most forks. */
function checkSuiteParts(payload: unknown): Partial<HookEvent> {
  return buildParts(at(payload, "check_suite"), { fork: null });
}

function statusParts(payload: unknown): Partial<HookEvent> {
  const branches = listAt(payload, "branches").map((branch) => textAt(branch, "name"));
  const [branch = null] = branches;
  return {
    name: "build",
    ...ownBranch(branches.length === 1 ? branch : null, { fork: false }),
    commit: bareCommit(textAt(payload, "sha")),
    status: textAt(payload, "state"),
  };
}

/** Of all packages only containers are images. */
function packageParts(found: unknown): Partial<HookEvent> {
  const type = textAt(found, "package_type")?.toLowerCase();
  return type === "container" || type === "docker" ? { name: "image" } : {};
}
