import type { gitea as source } from "../sources/gitea.ts";
import { commitOf, fromRepository, pullRequestOf, releaseOf, repositoryOf } from "./common/forge.ts";
import { about, familyHeaders, pushTo } from "./common/gitea-like.ts";
import { hmac, request } from "./common/request.ts";
import type { OptionsOf, Sender } from "./sender.ts";

const HOST = "gitea.com";

/** https://docs.gitea.com/usage/webhooks. Forgejo's webhooks pass the same source. */
export const gitea: Sender<OptionsOf<typeof source>> = {
  kind: "gitea",
  samples: (facts) => ({
    push: { event: "push", payload: pushTo(facts, HOST, `refs/heads/${facts.branch}`) },
    tag: { event: "push", payload: pushTo(facts, HOST, `refs/tags/${facts.tag}`) },
    pull_request: {
      event: "pull_request",
      payload: {
        action: "opened",
        number: 1,
        pull_request: pullRequestOf(facts, HOST),
        ...about(facts, HOST),
      },
    },
    release: {
      event: "release",
      payload: { action: "published", release: releaseOf(facts), ...about(facts, HOST) },
    },
    build: {
      event: "workflow_run",
      payload: {
        action: "completed",
        workflow_run: {
          id: 1,
          event: "push",
          status: "completed",
          conclusion: facts.status ?? "success",
          head_branch: facts.branch,
          head_sha: facts.sha,
          head_commit: commitOf(facts, HOST),
          head_repository: repositoryOf(facts, HOST, fromRepository(facts)),
        },
        ...about(facts, HOST),
      },
    },
  }),
  make: (order) =>
    request(order, {
      agent: "Go-http-client/1.1",
      headers: familyHeaders(["gitea", "gogs", "github"], order),
      proof: (secret) => {
        const digest = hmac("sha256", secret, order.json);
        return {
          "x-gitea-signature": digest,
          "x-gogs-signature": digest,
          "x-hub-signature": `sha1=${hmac("sha1", secret, order.json)}`,
          "x-hub-signature-256": `sha256=${digest}`,
        };
      },
    }),
};
