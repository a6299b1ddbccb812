import type { HookEvent, SourceKindName } from "../../domain/event.ts";
import { parseJsonBody } from "../../lib/json-body.ts";
import { at, listAt, numberAt, textAt } from "../../lib/pick.ts";
import type { DescribeResult, IncomingRequest } from "../source.ts";
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
} from "./forge-event.ts";

/** The first of these headers that is there and not empty. */
export const firstHeader = (
  { headers }: Pick<IncomingRequest, "headers">,
  names: readonly string[],
): string | null =>
  names.map((name) => headers[name]).find((value) => value !== undefined && value !== "") ?? null;

export interface GiteaLike {
  readonly source: string;
  readonly kind: SourceKindName;
  readonly senderName: string;
}

/** Describes an event of Gogs or of one of its descendants, which share their payloads' shape. */
export function describeGiteaLike(
  { headers, body }: IncomingRequest,
  { source, kind, senderName }: GiteaLike,
): DescribeResult {
  const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
  if (!parsed.ok) return parsed;
  const payload = parsed.value;
  const event: HookEvent = {
    ...emptyEvent({ source, kind, senderName, payload }),
    repository: textAt(payload, "repository", "full_name"),
    cloneUrl: textAt(payload, "repository", "clone_url"),
    sender: textAt(payload, "sender", "login") ?? textAt(payload, "sender", "username"),
    action: textAt(payload, "action"),
    ...partsOf(PARTS, senderName, payload),
  };
  return { ok: true, event };
}

const PARTS: PartReaders = {
  ping: () => ({ name: "ping" }),
  push: pushParts,
  pull_request: pullRequestParts,
  release: releaseParts,
};

function pushParts(payload: unknown): Partial<HookEvent> {
  const ref = refParts(textAt(payload, "ref"));
  const commits = listAt(payload, "commits");
  const after = realSha(textAt(payload, "after"));
  const head = at(payload, "head_commit") ?? commits.find((commit) => textAt(commit, "id") === after);
  return {
    ...ref,
    name: ref.tag === null ? "push" : "tag",
    deleted: after === null,
    commit: after === null ? null : (commitOf(head) ?? bareCommit(after)),
    before: realSha(textAt(payload, "before")),
    paths: pathsOf(commits, numberAt(payload, "total_commits")),
  };
}
