import type { bitbucket as source } from "../sources/bitbucket.ts";
import { cloneUrlOf, fromRepository, ownerAndName, pageOf, PERSON } from "./common/forge.ts";
import { basic, hmac, request } from "./common/request.ts";
import type { Facts, OptionsOf, Sample, Sender } from "./sender.ts";

const HOST = "bitbucket.org";
type Options = OptionsOf<typeof source>;

/** Cloud signs; Data Center, which alone can send HTTP Basic, is what a source with a user name is for. */
const isServer = ({ username }: Options): boolean => username !== undefined;

/**
 * https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/ and
 * https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
 */
export const bitbucket: Sender<Options> = {
  kind: "bitbucket",
  samples: (facts, options) => ({
    push: pushOf(facts, options, { type: "branch", name: facts.branch }),
    tag: pushOf(facts, options, { type: "tag", name: facts.tag }),
    pull_request: isServer(options)
      ? { event: "pr:opened", payload: serverPullRequest(facts) }
      : { event: "pullrequest:created", payload: cloudPullRequest(facts) },
    build: { event: "repo:commit_status_updated", payload: commitStatus(facts) },
    ping: { event: "diagnostics:ping", payload: { test: true } },
  }),
  make: (order, { username }) =>
    request(order, {
      agent: username === undefined ? "Bitbucket-Webhooks/2.0" : "Atlassian HttpClient",
      headers: {
        "x-event-key": order.event,
        [username === undefined ? "x-request-uuid" : "x-request-id"]: order.id,
      },
      proof: (secret, body) =>
        username === undefined
          ? { "x-hub-signature": `sha256=${hmac("sha256", secret, body)}` }
          : { authorization: basic(username, secret) },
    }),
};

interface Ref {
  readonly type: "branch" | "tag";
  readonly name: string;
}

const pushOf = (facts: Facts, options: Options, ref: Ref): Sample =>
  isServer(options)
    ? { event: "repo:refs_changed", payload: serverPush(facts, ref) }
    : { event: "repo:push", payload: cloudPush(facts, ref) };

const ACTOR = { type: "user", display_name: PERSON.name, nickname: PERSON.login };

const cloudRepository = (facts: Facts, fullName: string = facts.repository) => ({
  type: "repository",
  name: ownerAndName(fullName)[1],
  full_name: fullName,
  is_private: true,
  links: { html: { href: `https://${HOST}/${fullName}` } },
});

function cloudPush(facts: Facts, { type, name }: Ref) {
  const target = (hash: string) => ({
    type: "commit",
    hash,
    message: facts.message,
    date: facts.now.toISOString(),
    author: { type: "author", raw: `${PERSON.name} <${PERSON.email}>`, user: ACTOR },
    links: { html: { href: `${pageOf(facts, HOST)}/commits/${hash}` } },
  });
  const change = {
    old: type === "tag" ? null : { type, name, target: target(facts.before) },
    new: { type, name, target: target(facts.sha) },
    created: type === "tag",
    closed: false,
    forced: false,
    truncated: false,
    commits: [target(facts.sha)],
  };
  return { actor: ACTOR, repository: cloudRepository(facts), push: { changes: [change] } };
}

function cloudPullRequest(facts: Facts) {
  const side = (branch: string, hash: string, fullName: string) => ({
    branch: { name: branch },
    commit: { hash },
    repository: cloudRepository(facts, fullName),
  });
  return {
    actor: ACTOR,
    repository: cloudRepository(facts),
    pullrequest: {
      id: 1,
      title: facts.message,
      state: "OPEN",
      draft: facts.draft,
      author: ACTOR,
      source: side(facts.branch, facts.sha, fromRepository(facts)),
      destination: side("main", facts.before, facts.repository),
      created_on: facts.now.toISOString(),
    },
  };
}

const commitStatus = (facts: Facts) => ({
  actor: ACTOR,
  repository: cloudRepository(facts),
  commit_status: {
    type: "build",
    key: "ci",
    name: "CI",
    state: facts.status ?? "SUCCESSFUL",
    url: "https://ci.example.com/1",
    links: {
      commit: { href: `https://api.${HOST}/2.0/repositories/${facts.repository}/commit/${facts.sha}` },
    },
  },
});

const serverUser = { name: PERSON.login, emailAddress: PERSON.email, id: 1, displayName: PERSON.name };

function serverRepository(facts: Facts, fullName: string = facts.repository) {
  const [key, slug] = ownerAndName(fullName);
  return {
    slug,
    id: fullName === facts.repository ? 84 : 85,
    name: slug,
    scmId: "git",
    project: { key, id: 84, name: key, public: false, type: "NORMAL" },
    links: { clone: [{ href: cloneUrlOf(facts, HOST), name: "http" }] },
  };
}

const serverPush = (facts: Facts, { type, name }: Ref) => {
  const id = `refs/${type === "tag" ? "tags" : "heads"}/${name}`;
  const change = {
    ref: { id, displayId: name, type: type.toUpperCase() },
    refId: id,
    fromHash: type === "tag" ? "0".repeat(40) : facts.before,
    toHash: facts.sha,
    type: type === "tag" ? "ADD" : "UPDATE",
  };
  return {
    eventKey: "repo:refs_changed",
    date: facts.now.toISOString(),
    actor: serverUser,
    repository: serverRepository(facts),
    changes: [change],
  };
};

function serverPullRequest(facts: Facts) {
  const side = (branch: string, latestCommit: string, fullName: string) => ({
    id: `refs/heads/${branch}`,
    displayId: branch,
    latestCommit,
    repository: serverRepository(facts, fullName),
  });
  return {
    eventKey: "pr:opened",
    date: facts.now.toISOString(),
    actor: serverUser,
    pullRequest: {
      id: 1,
      version: 0,
      title: facts.message,
      state: "OPEN",
      draft: facts.draft,
      fromRef: side(facts.branch, facts.sha, fromRepository(facts)),
      toRef: side("main", facts.before, facts.repository),
    },
  };
}
