import type { gogs as source } from "../sources/gogs.ts";
import { fromRepository, releaseOf, repositoryOf } from "./common/forge.ts";
import { about, familyHeaders, pushTo } from "./common/gitea-like.ts";
import { hmac, request } from "./common/request.ts";
import type { OptionsOf, Sender } from "./sender.ts";

const HOST = "try.gogs.io";

/** https://gogs.io/docs/features/webhook */
export const gogs: Sender<OptionsOf<typeof source>> = {
  kind: "gogs",
  samples: (facts) => ({
    push: { event: "push", payload: pushTo(facts, HOST, `refs/heads/${facts.branch}`) },
    tag: { event: "push", payload: pushTo(facts, HOST, `refs/tags/${facts.tag}`) },
    pull_request: {
      event: "pull_request",
      payload: {
        action: "opened",
        number: 1,
        pull_request: {
          id: 1,
          number: 1,
          title: facts.message,
          state: "open",
          head_branch: facts.branch,
          head_repo: repositoryOf(facts, HOST, fromRepository(facts)),
          base_branch: "main",
          base_repo: repositoryOf(facts, HOST),
          merged: false,
        },
        ...about(facts, HOST),
      },
    },
    release: {
      event: "release",
      payload: { action: "published", release: releaseOf(facts), ...about(facts, HOST) },
    },
  }),
  make(order, { body_secret: inBody }) {
    const { secret } = order;
    const json = inBody && secret !== null ? withSecret(order.json, secret) : order.json;
    return request(
      { ...order, json },
      {
        agent: "GogsServer",
        headers: familyHeaders(["gogs", "github"], order),
        proof: (key) => ({ "x-gogs-signature": hmac("sha256", key, json) }),
      },
    );
  },
};

/** As the first field of an object; what is no object has no place for it. */
const withSecret = (json: string, secret: string): string =>
  json.replace(
    /^\s*\{\s*(?<end>\}?)/,
    (_match, end: string) => `{"secret":${JSON.stringify(secret)}${end === "" ? "," : "}"}`,
  );
