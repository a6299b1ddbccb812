import { sourceKinds } from "../sources/registry.ts";
import { bindSource, type BoundSource } from "../sources/source.ts";

/** What a sender's headers say that it is, the ones first that send others' headers along; `jobserv` is for what has none. */
const DETECTED: readonly (readonly [header: string, kind: string])[] = [
  ["x-jobserv-sig", "jobserv"],
  ["webhook-signature", "standard-webhooks"],
  ["x-forgejo-event", "gitea"],
  ["x-gitea-event", "gitea"],
  ["x-gogs-event", "gogs"],
  ["x-gitlab-event", "gitlab"],
  ["x-event-key", "bitbucket"],
  ["x-github-event", "github"],
];

/**
 * The kind of source that a request looks like. For a receiver that has one secret for every kind, and takes nothing that is
 * not signed with it: a server whose settings say what is right must not go by what a sender says that it is.
 */
export const kindOfRequest = (headers: Readonly<Record<string, string | undefined>>): string =>
  DETECTED.find(([header]) => headers[header] !== undefined)?.[1] ?? "jobserv";

/** A source of that kind with these secrets and the kind's defaults; null when there is no such kind, or it needs more. */
export function exampleSource(name: string, secrets: readonly string[]): BoundSource | null {
  const kind = sourceKinds.get(name);
  const options = kind?.schema.safeParse({});
  if (kind === undefined || options?.success !== true) return null;
  return bindSource({ name, kind, options: options.data, credentials: { secrets, unsafeNoAuth: false } });
}
