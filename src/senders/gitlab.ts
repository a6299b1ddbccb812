import type { gitlab as source } from "../sources/gitlab.ts";
import { cloneUrlOf, FILES, fromRepository, ownerAndName, pageOf, PERSON } from "./common/forge.ts";
import { request } from "./common/request.ts";
import { canSign, signedHeaders } from "./common/standard-webhooks.ts";
import type { Facts, OptionsOf, Sender } from "./sender.ts";

const HOST = "gitlab.com";

/** https://docs.gitlab.com/user/project/integrations/webhook_events/ */
export const gitlab: Sender<OptionsOf<typeof source>> = {
  kind: "gitlab",
  samples: (facts) => ({
    push: { event: "Push Hook", payload: pushTo(facts, "push", `refs/heads/${facts.branch}`) },
    tag: { event: "Tag Push Hook", payload: pushTo(facts, "tag_push", `refs/tags/${facts.tag}`) },
    pull_request: { event: "Merge Request Hook", payload: mergeRequest(facts) },
    build: { event: "Pipeline Hook", payload: pipeline(facts) },
    release: {
      event: "Release Hook",
      payload: {
        object_kind: "release",
        id: 1,
        action: "create",
        tag: facts.tag,
        name: facts.tag,
        description: facts.message,
        created_at: facts.now.toISOString(),
        project: projectOf(facts),
        commit: commitOf(facts),
      },
    },
  }),
  make: (order) =>
    request(order, {
      agent: "GitLab/18.0.0",
      headers: {
        "x-gitlab-event": order.event,
        "x-gitlab-instance": `https://${HOST}`,
        "idempotency-key": order.id,
      },
      proof: (secret, body) =>
        canSign(secret) ? signedHeaders(order, body) : { "x-gitlab-token": secret.replaceAll(/\r?\n/g, "") },
    }),
};

const PROJECT_ID = 15;
const FORK_ID = 16;

function projectOf(facts: Facts, path: string = facts.repository) {
  const [namespace, name] = ownerAndName(path);
  return {
    id: path === facts.repository ? PROJECT_ID : FORK_ID,
    name,
    namespace,
    path_with_namespace: path,
    default_branch: "main",
    web_url: pageOf(facts, HOST),
    git_http_url: cloneUrlOf(facts, HOST),
    git_ssh_url: `git@${HOST}:${path}.git`,
    visibility_level: 0,
  };
}

const USER = { id: 4, name: PERSON.name, username: PERSON.login, email: PERSON.email };

const commitOf = (facts: Facts) => ({
  id: facts.sha,
  message: facts.message,
  title: facts.message.split("\n")[0],
  timestamp: facts.now.toISOString(),
  url: `${pageOf(facts, HOST)}/-/commit/${facts.sha}`,
  author: { name: PERSON.name, email: PERSON.email },
});

function pushTo(facts: Facts, kind: "push" | "tag_push", ref: string) {
  const commits = kind === "push" ? [{ ...commitOf(facts), ...FILES }] : [];
  return {
    object_kind: kind,
    event_name: kind,
    before: kind === "push" ? facts.before : "0".repeat(40),
    after: facts.sha,
    ref,
    checkout_sha: facts.sha,
    user_id: USER.id,
    user_name: USER.name,
    user_username: USER.username,
    user_email: USER.email,
    project_id: PROJECT_ID,
    project: projectOf(facts),
    commits,
    total_commits_count: commits.length,
  };
}

const mergeRequest = (facts: Facts) => ({
  object_kind: "merge_request",
  event_type: "merge_request",
  user: USER,
  project: projectOf(facts),
  object_attributes: {
    id: 99,
    iid: 1,
    title: facts.message,
    state: "opened",
    action: "open",
    draft: facts.draft,
    source_branch: facts.branch,
    target_branch: "main",
    source_project_id: facts.fork ? FORK_ID : PROJECT_ID,
    target_project_id: PROJECT_ID,
    source: projectOf(facts, fromRepository(facts)),
    target: projectOf(facts),
    last_commit: commitOf(facts),
    url: `${pageOf(facts, HOST)}/-/merge_requests/1`,
  },
  labels: [],
  changes: {},
});

const pipeline = (facts: Facts) => ({
  object_kind: "pipeline",
  object_attributes: {
    id: 31,
    iid: 1,
    ref: facts.branch,
    tag: false,
    sha: facts.sha,
    before_sha: facts.before,
    source: "push",
    status: facts.status ?? "success",
    stages: ["build", "test"],
    created_at: facts.now.toISOString(),
    finished_at: facts.now.toISOString(),
    url: `${pageOf(facts, HOST)}/-/pipelines/31`,
  },
  merge_request: null,
  user: USER,
  project: projectOf(facts),
  commit: commitOf(facts),
  builds: [],
});
