import { z } from "zod";
import type { EventName, HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, listAt, numberAt, textAt } from "../lib/pick.ts";
import { bodyDigest, hmacMatches, readSignature, tokenMatches } from "../lib/signatures.ts";
import {
  bareCommit,
  commitOf,
  emptyEvent,
  type PartReaders,
  partsOf,
  pathsOf,
  realSha,
  refParts,
} from "./common/forge-event.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { AuthResult, IncomingRequest, SourceKind } from "./source.ts";

const schema = z.strictObject({});

const SIGNING_PREFIX = "whsec_";
/** Standard Webhooks: how far the signed time may be from ours. */
const TIME_WINDOW_S = 300;

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
  fingerprintIsUnique: false,
  keptHeaders: [
    "user-agent",
    "idempotency-key",
    "x-gitlab-event",
    "x-gitlab-event-uuid",
    "x-gitlab-webhook-uuid",
    "x-gitlab-instance",
    "webhook-id",
    "webhook-timestamp",
  ],
  authenticate(request, credentials, _options, now) {
    const { secrets } = credentials;
    const keys = secrets.filter((secret) => secret.startsWith(SIGNING_PREFIX));
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (request.headers["webhook-signature"] !== undefined) return checkSignature(request, keys, now);
    const tokens = secrets.filter((secret) => !secret.startsWith(SIGNING_PREFIX));
    return checkToken(request, tokens);
  },
  senderId({ headers, body }) {
    const id = headers["webhook-id"] ?? headers["idempotency-key"];
    if (id !== undefined) return id;
    // Hooks that set off other hooks share this one: alone it does not identify a delivery.
    const uuid = headers["x-gitlab-event-uuid"];
    return uuid === undefined ? null : `${uuid}/${bodyDigest(body).slice(0, 32)}`;
  },
  eventName: ({ headers }) => headers["x-gitlab-event"] ?? "unknown",
  describe({ headers, body }, source) {
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const senderName = headers["x-gitlab-event"] ?? "unknown";
    const kind = textAt(payload, "object_kind") ?? textAt(payload, "event_name") ?? "";
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "gitlab", senderName, payload }),
      repository: textAt(payload, "project", "path_with_namespace"),
      cloneUrl: textAt(payload, "project", "git_http_url"),
      sender: textAt(payload, "user_username") ?? textAt(payload, "user", "username"),
      action: textAt(payload, "object_attributes", "action") ?? textAt(payload, "action"),
      ...partsOf(PARTS, kind, payload),
    };
    return { ok: true, event };
  },
};

function checkToken({ headers, body }: IncomingRequest, tokens: readonly string[]): AuthResult {
  const token = headers["x-gitlab-token"] ?? "";
  if (token === "") return missing("The header x-gitlab-token is missing or empty");
  if (!tokenMatches(tokens, token)) return invalid("The token in x-gitlab-token is none of the live secrets");
  return { ok: true, fingerprint: bodyDigest(body) };
}

/** https://www.standardwebhooks.com: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. */
function checkSignature(request: IncomingRequest, keys: readonly string[], now: Date): AuthResult {
  const { "webhook-id": id = "", "webhook-timestamp": timestamp = "" } = request.headers;
  const texts = (request.headers["webhook-signature"] ?? "").split(" ").filter((text) => text !== "");
  if (texts.length === 0 || id === "" || timestamp === "") {
    return missing(
      "One of the headers webhook-id, webhook-timestamp and webhook-signature is missing or empty",
    );
  }
  const body = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]);
  const binaryKeys = keys.map((key) => Buffer.from(key.slice(SIGNING_PREFIX.length), "base64"));
  const format = { prefix: "v1,", algorithm: "sha256", encoding: "base64" } as const;
  const matching = texts
    .map((text) => readSignature({ text, ...format }))
    .find(
      (digest) => digest !== null && hmacMatches({ keys: binaryKeys, algorithm: "sha256", body, digest }),
    );
  if (!matching) return invalid("The webhook-signature does not match the body under any live whsec_ secret");
  const age = Math.abs(now.getTime() / 1_000 - Number(timestamp));
  if (!(age <= TIME_WINDOW_S)) {
    const explanation = `The webhook-timestamp is more than ${TIME_WINDOW_S} s from this server's time`;
    return { ok: false, code: "signature:expired", explanation };
  }
  return { ok: true, fingerprint: matching.toString("base64url") };
}

const missing = (explanation: string): AuthResult => ({ ok: false, code: "signature:missing", explanation });
const invalid = (explanation: string): AuthResult => ({ ok: false, code: "signature:invalid", explanation });

/** By `object_kind`, which system hooks have too (there as `event_name`). */
const PARTS: PartReaders = {
  push: (payload) => pushParts(payload, "push"),
  tag_push: (payload) => pushParts(payload, "tag"),
  merge_request: mergeRequestParts,
  pipeline: pipelineParts,
  release: releaseParts,
};

function pushParts(payload: unknown, name: EventName): Partial<HookEvent> {
  const commits = listAt(payload, "commits");
  const after = realSha(textAt(payload, "after"));
  const head = commits.find((commit) => textAt(commit, "id") === after);
  const deleted = after === null;
  return {
    ...refParts(textAt(payload, "ref")),
    name,
    deleted,
    commit: commitOf(head) ?? bareCommit(realSha(textAt(payload, "checkout_sha")) ?? after),
    before: realSha(textAt(payload, "before")),
    paths: pathsOf(commits, numberAt(payload, "total_commits_count")),
  };
}

function mergeRequestParts(payload: unknown): Partial<HookEvent> {
  const attributes = at(payload, "object_attributes");
  const branch = textAt(attributes, "source_branch");
  return {
    name: "pull_request",
    branch,
    ref: branch === null ? null : `refs/heads/${branch}`,
    commit: commitOf(at(attributes, "last_commit")),
    status: textAt(attributes, "state"),
  };
}

function pipelineParts(payload: unknown): Partial<HookEvent> {
  const attributes = at(payload, "object_attributes");
  const name = textAt(attributes, "ref");
  const folder = at(attributes, "tag") === true ? "tags" : "heads";
  return {
    ...refParts(name === null ? null : `refs/${folder}/${name}`),
    name: "build",
    commit: bareCommit(textAt(attributes, "sha")),
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
