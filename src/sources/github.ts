import { z } from "zod";
import type { HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, listAt, textAt } from "../lib/pick.ts";
import {
  bareCommit,
  commitOf,
  emptyEvent,
  type PartReaders,
  partsOf,
  pathsOf,
  pullRequestParts,
  realSha,
  refParts,
  releaseParts,
} from "./common/forge-event.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { SourceKind } from "./source.ts";

const schema = z.strictObject({
  algorithm: z
    .enum(["sha256", "sha1"])
    .default("sha256")
    .describe("`sha1` checks the old X-Hub-Signature header, for senders that know no other."),
});

/** GitHub lists no more commits than this in one push. */
const MAX_COMMITS = 2_048;

/**
 * GitHub (https://docs.github.com/en/webhooks). Signs the raw bytes, also of a form; the delivery id is not signed,
 * so the same signature under another id is a replay.
 */
export const github: SourceKind<z.output<typeof schema>> = {
  kind: "github",
  summary: "GitHub, by X-Hub-Signature-256.",
  schema,
  defaultBodyLimit: 25 * 1024 * 1024,
  fingerprintIsUnique: true,
  keptHeaders: [
    "user-agent",
    "x-github-event",
    "x-github-delivery",
    "x-github-hook-id",
    "x-github-hook-installation-target-type",
    "x-github-hook-installation-target-id",
  ],
  authenticate(request, credentials, { algorithm }) {
    const header = algorithm === "sha1" ? "x-hub-signature" : "x-hub-signature-256";
    const format = { header, prefix: `${algorithm}=`, algorithm, encoding: "hex" } as const;
    return passUnsafe(request, credentials) ?? authenticateHmac(request, credentials, format);
  },
  senderId: ({ headers }) => headers["x-github-delivery"] ?? null,
  eventName: ({ headers }) => headers["x-github-event"] ?? "unknown",
  describe({ headers, body }, source) {
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const senderName = headers["x-github-event"] ?? "unknown";
    const payload = parsed.value;
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "github", senderName, payload }),
      repository: textAt(payload, "repository", "full_name"),
      cloneUrl: textAt(payload, "repository", "clone_url"),
      sender: textAt(payload, "sender", "login") ?? textAt(payload, "pusher", "name"),
      action: textAt(payload, "action"),
      ...partsOf(PARTS, senderName, payload),
    };
    return { ok: true, event };
  },
};

/** What is special to each of GitHub's events. A tag also comes as `create`; only the push counts as one. */
const PARTS: PartReaders = {
  ping: () => ({ name: "ping" }),
  push: pushParts,
  pull_request: pullRequestParts,
  release: releaseParts,
  workflow_run: (payload) => buildParts(at(payload, "workflow_run")),
  check_suite: (payload) => buildParts(at(payload, "check_suite")),
  status: statusParts,
  package: () => ({ name: "image" }),
  registry_package: () => ({ name: "image" }),
};

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

function buildParts(run: unknown): Partial<HookEvent> {
  const branch = textAt(run, "head_branch");
  return {
    name: "build",
    branch,
    ref: branch === null ? null : `refs/heads/${branch}`,
    commit: bareCommit(textAt(run, "head_sha")),
    status: textAt(run, "conclusion") ?? textAt(run, "status"),
  };
}

function statusParts(payload: unknown): Partial<HookEvent> {
  const branches = listAt(payload, "branches").map((branch) => textAt(branch, "name"));
  const [branch = null] = branches;
  return {
    name: "build",
    branch: branches.length === 1 ? branch : null,
    commit: bareCommit(textAt(payload, "sha")),
    status: textAt(payload, "state"),
  };
}
