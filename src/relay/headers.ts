/** Header names that senders use for signatures, ids and names of events (docs/sources.md), lower-case. */
const NAMES: ReadonlySet<string> = new Set([
  "content-type",
  "content-encoding",
  "user-agent",
  "authorization",
  "idempotency-key",
  "signature",
  "travis-repo-slug",
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "x-attempt-number",
  "x-event-key",
  "x-hook-uuid",
  "x-hub-signature",
  "x-hub-signature-256",
  "x-jobserv-sig",
  "x-request-id",
  "x-request-uuid",
]);
const PREFIXES = ["x-github-", "x-gitlab-", "x-gitea-", "x-gogs-", "x-forgejo-"];

/** Those headers of a request that are kept; `extra`: further names, lower-case. */
export function keptHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  extra: readonly string[] = [],
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const known =
      NAMES.has(name) || extra.includes(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
    if (known) kept[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return kept;
}
