import { z } from "zod";
import type { EventCommit, HookEvent } from "../domain/event.ts";
import { parseJsonBody, payloadBytes } from "../lib/json-body.ts";
import { at, textAt } from "../lib/pick.ts";
import { shorten } from "../lib/shorten.ts";
import { emptyEvent, ownBranch, realSha } from "./common/forge-event.ts";
import { authenticateRsaSha1, rsaKeyProblem } from "./common/rsa.ts";
import { readTravisKeys, TRAVIS_KEY_URLS } from "./common/travis-keys.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { SourceKind } from "./source.ts";

const publicKey = z.string().superRefine((pem, context) => {
  const problem = rsaKeyProblem(pem);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

/** Whoever can change what comes from there can sign webhooks. */
const keyUrl = z.string().refine(
  (text) => {
    const url = URL.parse(text);
    const local = ["127.0.0.1", "localhost", "[::1]"].includes(url?.hostname ?? "");
    return url?.protocol === "https:" || (url?.protocol === "http:" && local);
  },
  { error: "expected an https URL such as https://api.travis-ci.com/config" },
);

const schema = z.strictObject({
  repositories: z
    .array(
      z
        .string()
        .regex(/^[^/\s*]+\/(?:[^/\s*]+|\*)$/, "expected owner/name, or owner/* for all of an owner's"),
    )
    .min(1)
    .describe(
      "Repositories whose builds are taken: `owner/name` or `owner/*`. Travis CI signs everybody's builds with the same key.",
    ),
  public_keys: z
    .array(publicKey)
    .default([])
    .describe("Travis CI's public keys (PEM), any of which may match. Default: fetched from `key_urls`."),
  key_urls: z
    .array(keyUrl)
    .min(1)
    .default(TRAVIS_KEY_URLS)
    .describe("Where the public keys are fetched from, unless `public_keys` has them."),
});
type Options = z.output<typeof schema>;

/**
 * Travis CI (https://docs.travis-ci.com/user/notifications/#configuring-webhook-notifications). It signs the decoded field
 * `payload` of its form with a key of its own (`Signature`: base64 of RSA-SHA1, PKCS#1 v1.5). It sends no delivery id.
 * The key is the same for all who use Travis CI: a signature says that Travis sent it, not on whose behalf.
 */
export const travis: SourceKind<Options> = {
  kind: "travis",
  summary: "Travis CI, by Signature and the public key that it publishes.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  fingerprintIsUnique: () => true,
  keptHeaders: () => ["user-agent", "travis-repo-slug"],
  publicKeys: {
    urls: ({ public_keys: pinned, key_urls: urls }) => (pinned.length > 0 ? [] : urls),
    read: readTravisKeys,
  },
  authenticate(request, { unsafeNoAuth, publishedKeys = [] }, { public_keys: pinned }) {
    const keys = pinned.length > 0 ? pinned : publishedKeys;
    const signed = (): Buffer | null =>
      payloadBytes({ body: request.body, contentType: request.headers["content-type"] });
    return (
      passUnsafe(request, { secrets: pinned, unsafeNoAuth }) ??
      authenticateRsaSha1(request, { header: "signature", keys, signed })
    );
  },
  senderId: () => null,
  eventName: () => "build",
  describe({ headers, body }, source, { repositories }) {
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const repository = repositoryOf(payload);
    if (!isAmong(repositories, repository)) {
      const shown = repository === null ? "no repository" : shorten(repository);
      return { ok: false, reason: `The build is of ${shown}, which is none of ${repositories.join(", ")}` };
    }
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "travis", senderName: "build", payload }),
      name: "build",
      repository,
      ...refOf(payload),
      commit: commitOf(payload),
      status: textAt(payload, "status_message") ?? textAt(payload, "state"),
      action: textAt(payload, "type"),
    };
    return { ok: true, event };
  },
};

/** The header Travis-Repo-Slug is not signed. */
function repositoryOf(payload: unknown): string | null {
  const [owner, name] = [textAt(payload, "repository", "owner_name"), textAt(payload, "repository", "name")];
  return owner === null || name === null ? null : `${owner}/${name}`;
}

/** Owners and names are the same in either case, at GitHub and the others. */
function isAmong(repositories: readonly string[], found: string | null): boolean {
  const [owner = "", name = "", ...more] = (found ?? "").toLowerCase().split("/");
  if (name === "" || more.length > 0) return false;
  return repositories.some((each) => [`${owner}/${name}`, `${owner}/*`].includes(each.toLowerCase()));
}

const isPullRequest = (payload: unknown): boolean =>
  textAt(payload, "type") === "pull_request" ||
  at(payload, "pull_request") === true ||
  textAt(payload, "pull_request_number") !== null;

/** Of a pull request Travis names the branch that it would go to: what was built is not that one. Of a tag it repeats the name. */
function refOf(payload: unknown): Pick<HookEvent, "ref" | "branch" | "tag"> {
  const fork = isPullRequest(payload);
  const tag = fork ? null : textAt(payload, "tag");
  if (tag !== null) return { ref: `refs/tags/${tag}`, branch: null, tag };
  return { ...ownBranch(textAt(payload, "branch"), { fork }), tag: null };
}

/** Of a pull request `commit` is a merge that only Travis knows. */
function commitOf(payload: unknown): EventCommit | null {
  const sha = realSha(textAt(payload, "head_commit") ?? textAt(payload, "commit"));
  if (sha === null) return null;
  return {
    sha,
    message: textAt(payload, "message"),
    author: textAt(payload, "author_name"),
    url: null,
    timestamp: textAt(payload, "committed_at"),
  };
}
