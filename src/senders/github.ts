import type { github as source } from "../sources/github.ts";
import {
  commitOf,
  fromRepository,
  pageOf,
  PERSON,
  pullRequestOf,
  releaseOf,
  repositoryOf,
} from "./common/forge.ts";
import { hmac, request } from "./common/request.ts";
import type { Facts, OptionsOf, Sender } from "./sender.ts";

const HOST = "github.com";

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const github: Sender<OptionsOf<typeof source>> = {
  kind: "github",
  samples: (facts) => ({
    push: { event: "push", payload: pushTo(facts, `refs/heads/${facts.branch}`) },
    tag: { event: "push", payload: pushTo(facts, `refs/tags/${facts.tag}`) },
    pull_request: {
      event: "pull_request",
      payload: { action: "opened", number: 1, pull_request: pullRequestOf(facts, HOST), ...about(facts) },
    },
    release: {
      event: "release",
      payload: { action: "published", release: releaseOf(facts), ...about(facts) },
    },
    build: {
      event: "workflow_run",
      payload: { action: "completed", workflow_run: runOf(facts), ...about(facts) },
    },
    image: {
      event: "package",
      payload: {
        action: "published",
        package: {
          name: facts.repository.split("/").at(-1),
          package_type: "CONTAINER",
          package_version: { version: facts.sha, container_metadata: { tag: { name: facts.tag } } },
        },
        ...about(facts),
      },
    },
    ping: {
      event: "ping",
      payload: {
        zen: "Keep it logically awesome.",
        hook_id: 1,
        hook: { type: "Repository" },
        ...about(facts),
      },
    },
  }),
  make: (order, { algorithm }) =>
    request(order, {
      agent: "GitHub-Hookshot/0000000",
      headers: {
        "x-github-event": order.event,
        "x-github-delivery": order.id,
        "x-github-hook-id": "1",
      },
      proof: (secret, body) => ({
        [algorithm === "sha1" ? "x-hub-signature" : "x-hub-signature-256"]:
          `${algorithm}=${hmac(algorithm, secret, body)}`,
      }),
    }),
};

const about = (facts: Facts) => ({
  repository: repositoryOf(facts, HOST),
  sender: { id: 7, login: PERSON.login, type: "User" },
});

function pushTo(facts: Facts, ref: string) {
  const commit = { ...commitOf(facts, HOST), distinct: true };
  const created = ref.startsWith("refs/tags/");
  return {
    ref,
    before: created ? "0".repeat(40) : facts.before,
    after: facts.sha,
    created,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `${pageOf(facts, HOST)}/compare/${facts.before.slice(0, 12)}...${facts.sha.slice(0, 12)}`,
    commits: created ? [] : [commit],
    head_commit: commit,
    pusher: { name: PERSON.login, email: PERSON.email },
    ...about(facts),
  };
}

const runOf = (facts: Facts) => ({
  id: 1,
  name: "CI",
  event: "push",
  status: "completed",
  conclusion: facts.status ?? "success",
  head_branch: facts.branch,
  head_sha: facts.sha,
  head_commit: commitOf(facts, HOST),
  head_repository: repositoryOf(facts, HOST, fromRepository(facts)),
  run_number: 1,
  html_url: `${pageOf(facts, HOST)}/actions/runs/1`,
});
