import { DEPLOY_BODY_BYTES, type DeployProvider } from "../domain/deploy.ts";
import type { HookEvent } from "../domain/event.ts";
import { parseJsonBody, payloadBytes } from "../lib/json-body.ts";
import { at, textAt } from "../lib/pick.ts";
import { bodyDigest } from "../lib/signatures.ts";
import { bareCommit, commitOf, emptyEvent, pathsOf, realSha, refParts } from "./common/forge-event.ts";
import { listAt } from "../lib/pick.ts";
import { authenticateRsaSha1 } from "./common/rsa.ts";
import { missing } from "./common/results.ts";
import { readTravisKeys } from "./common/travis-keys.ts";
import type { BoundSource, DescribeResult, IncomingRequest } from "./source.ts";

/** The source of everything that comes by the deploy API, for triggers. */
export const DEPLOY_SOURCE = "deploy";
/** Who has proved to be them; put there by the API, whatever the request had. */
export const USER_HEADER = "x-hookwright-user";

export interface DeploySourceOptions {
  /** Where Travis CI publishes its keys. */
  readonly travisKeyUrls: readonly string[];
}

/**
 * What comes by `POST /1/deploy` (docs/continuous-deployment.md). It is bound to no path: the API itself has found out who
 * sends it, or asks for a Travis signature. A push, and a build that passed, are events `push` or `tag`; other builds `build`.
 */
export function bindDeploys({ travisKeyUrls }: DeploySourceOptions): BoundSource {
  return {
    name: DEPLOY_SOURCE,
    kind: "nodejitsu",
    bodyLimit: DEPLOY_BODY_BYTES,
    fingerprintIsUnique: false,
    keptHeaders: ["user-agent", "x-github-event", "x-github-delivery", USER_HEADER],
    secretInPath: false,
    publicKeys: { urls: travisKeyUrls, read: readTravisKeys },
    answers: null,
    rollbackRules: null,
    takesAnybody: false,
    authenticate(request, _now, keys = []) {
      if (request.user !== undefined) return { ok: true, fingerprint: bodyDigest(request.body) };
      if (request.headers["signature"] === undefined)
        return missing("POST it to /1/deploy with Basic credentials");
      const signed = (): Buffer | null =>
        payloadBytes({ body: request.body, contentType: request.headers["content-type"] });
      return authenticateRsaSha1(request, { header: "signature", keys, signed });
    },
    senderId: ({ headers }) => headers["x-github-delivery"] ?? null,
    eventName: ({ headers }) => headers["x-github-event"] ?? "deploy",
    describe,
  };
}

function describe({ headers, body }: IncomingRequest): DescribeResult {
  const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
  if (!parsed.ok) return parsed;
  const payload = parsed.value;
  const provider = providerOf(payload);
  if (provider === null)
    return { ok: false, reason: "The payload is neither a push of GitHub nor a build of Travis CI" };
  const parts = provider === "travis" ? buildParts(payload) : pushParts(payload);
  const frame = { source: DEPLOY_SOURCE, kind: "nodejitsu", senderName: provider, payload } as const;
  const event: HookEvent = { ...emptyEvent(frame), ...parts, sender: headers[USER_HEADER] ?? null };
  if (event.repository === null || event.commit === null) {
    return { ok: false, reason: "The payload names no repository and commit" };
  }
  return { ok: true, event };
}

/** By structure alone: neither says what it is. */
function providerOf(payload: unknown): DeployProvider | null {
  const ownerName = textAt(payload, "repository", "owner_name");
  const build = at(payload, "matrix") !== undefined || textAt(payload, "status_message") !== null;
  if (ownerName !== null && build) return "travis";
  return textAt(payload, "ref") !== null && textAt(payload, "after") !== null ? "github" : null;
}

/** In 2012 an owner had a `name`, now a `login`, and the repository a `full_name`. */
function pushParts(payload: unknown): Partial<HookEvent> {
  const owner =
    textAt(payload, "repository", "owner", "login") ?? textAt(payload, "repository", "owner", "name");
  const name = textAt(payload, "repository", "name");
  const ref = refParts(textAt(payload, "ref"));
  const deleted = at(payload, "deleted") === true || realSha(textAt(payload, "after")) === null;
  const head = at(payload, "head_commit");
  const commit =
    commitOf(head) ?? bareCommit(realSha(textAt(payload, "after")) ?? realSha(textAt(payload, "before")));
  return {
    ...ref,
    name: deleted ? "other" : ref.tag === null ? "push" : "tag",
    deleted,
    repository: textAt(payload, "repository", "full_name") ?? joined(owner, name),
    commit,
    before: realSha(textAt(payload, "before")),
    paths: pathsOf(listAt(payload, "commits"), null),
  };
}

const joined = (owner: string | null, name: string | null): string | null =>
  owner === null || name === null ? null : `${owner}/${name}`;

const PASSED = new Set(["passed", "fixed"]);

function buildParts(payload: unknown): Partial<HookEvent> {
  const status = textAt(payload, "status_message") ?? textAt(payload, "state");
  const ofPullRequest = textAt(payload, "type") === "pull_request" || at(payload, "pull_request") === true;
  // Both have to say so: a build that is broken still must not pass for a good one.
  const result = at(payload, "status") ?? at(payload, "result");
  const passed =
    PASSED.has(status?.toLowerCase() ?? "") && (result === 0 || result === undefined || result === null);
  const tag = ofPullRequest ? null : textAt(payload, "tag");
  const branch = ofPullRequest || tag !== null ? null : textAt(payload, "branch");
  const sha = realSha(textAt(payload, "commit"));
  return {
    name: passed && !ofPullRequest ? (tag === null ? "push" : "tag") : "build",
    repository: joined(textAt(payload, "repository", "owner_name"), textAt(payload, "repository", "name")),
    tag,
    branch,
    ref: tag === null ? (branch === null ? null : `refs/heads/${branch}`) : `refs/tags/${tag}`,
    commit:
      sha === null
        ? null
        : {
            ...bareCommit(sha),
            sha,
            message: textAt(payload, "message"),
            author: textAt(payload, "author_name"),
            url: null,
            timestamp: textAt(payload, "committed_at"),
          },
    status,
  };
}
