import type { HookEvent, SourceKindName } from "../../domain/event.ts";
import { parseJsonBody } from "../../lib/json-body.ts";
import { at, listAt, numberAt, textAt } from "../../lib/pick.ts";
import type { DescribeResult, IncomingRequest } from "../source.ts";
import {
  commitWith,
  emptyEvent,
  isDeletion,
  pathsOf,
  realSha,
  refParts,
  type EventParts,
} from "./forge-event.ts";

export interface GiteaLike {
  readonly source: string;
  readonly kind: SourceKindName;
  readonly senderName: string;
  readonly parts: EventParts;
}

/** Describes an event of Gogs or of one of its descendants, which share their payloads' shape. */
export function describeGiteaLike(
  { headers, body }: IncomingRequest,
  { source, kind, senderName, parts }: GiteaLike,
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
    ...parts.get(senderName)?.(payload),
  };
  return { ok: true, event };
}

export function giteaPushParts(payload: unknown): Partial<HookEvent> {
  const ref = refParts(textAt(payload, "ref"));
  const commits = listAt(payload, "commits");
  const after = realSha(textAt(payload, "after"));
  const head = at(payload, "head_commit") ?? commits.find((commit) => textAt(commit, "id") === after);
  const deleted = isDeletion(payload);
  return {
    ...ref,
    name: ref.tag === null ? "push" : "tag",
    deleted,
    commit: deleted ? null : commitWith(after, head),
    before: realSha(textAt(payload, "before")),
    paths: pathsOf(commits, numberAt(payload, "total_commits")),
  };
}
