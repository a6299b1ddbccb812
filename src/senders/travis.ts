import { createPrivateKey, sign } from "node:crypto";
import type { travis as source } from "../sources/travis.ts";
import { ownerAndName, PERSON } from "./common/forge.ts";
import { request } from "./common/request.ts";
import type { Facts, OptionsOf, Sender } from "./sender.ts";

/** https://docs.travis-ci.com/user/notifications/#webhooks-delivery-format */
export const travis: Sender<OptionsOf<typeof source>> = {
  kind: "travis",
  samples: (facts) => ({ build: { event: "build", payload: buildOf(facts) } }),
  sendsForms: true,
  usualRepository: ({ repositories: [first] }) => first?.replace("/*", "/app") ?? null,
  usable: () => [],
  signsWith: "the private key (PEM) of one of the source's public_keys",
  make: (order) =>
    request(order, {
      agent: "Faraday",
      proof: (secret) => ({
        signature: sign("sha1", Buffer.from(order.json), createPrivateKey(secret)).toString("base64"),
      }),
    }),
};

const FAILED: ReadonlySet<string> = new Set(["Broken", "Failed", "Still Failing", "Canceled", "Errored"]);

function buildOf(facts: Facts) {
  const [owner, name] = ownerAndName(facts.repository);
  const { status: word } = facts;
  const message = word ?? "Passed";
  const status = FAILED.has(message) ? 1 : 0;
  const time = facts.now.toISOString();
  return {
    id: 51_241,
    number: "11",
    type: facts.fork ? "pull_request" : "push",
    state: status === 0 ? "passed" : "failed",
    status,
    result: status,
    status_message: message,
    result_message: message,
    started_at: time,
    finished_at: time,
    duration: 480,
    build_url: `https://app.travis-ci.com/${facts.repository}/builds/51241`,
    commit: facts.sha,
    base_commit: facts.fork ? facts.before : null,
    head_commit: facts.fork ? facts.sha : null,
    branch: facts.fork ? "main" : facts.branch,
    message: facts.message,
    compare_url: `https://github.com/${facts.repository}/compare/${facts.before.slice(0, 12)}...${facts.sha.slice(0, 12)}`,
    committed_at: time,
    author_name: PERSON.name,
    author_email: PERSON.email,
    committer_name: PERSON.name,
    committer_email: PERSON.email,
    pull_request: facts.fork,
    pull_request_number: facts.fork ? 5 : null,
    tag: null,
    repository: { id: 1, name, owner_name: owner, url: null },
    config: { language: "node_js", ".result": "configured" },
    matrix: [{ id: 51_242, parent_id: 51_241, number: "11.1", state: status === 0 ? "passed" : "failed" }],
  };
}
