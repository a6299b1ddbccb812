import { randomUUID } from "node:crypto";
import { github } from "../../src/senders/github.ts";
import type { IncomingRequest } from "../../src/sources/source.ts";

export interface PushOptions {
  readonly secret: string;
  readonly branch?: string;
  readonly ref?: string;
  readonly sha?: string;
  readonly id?: string;
  readonly event?: string;
  readonly body?: string;
  readonly message?: string;
  readonly cloneUrl?: string;
}

/** A push as GitHub sends it, signed; only the fields that matter here. */
export function githubPush(options: PushOptions): IncomingRequest & { headers: Record<string, string> } {
  const { secret, id = randomUUID(), event = "push" } = options;
  const json = options.body ?? JSON.stringify(pushBody(options));
  const order = { event, json, form: false, id, secret, now: new Date() };
  const { body, headers } = github.make(order, { algorithm: "sha256" });
  return { body, headers: { ...headers } };
}

function pushBody(options: PushOptions): unknown {
  const { branch = "main", sha = "1".repeat(40), message = "Change" } = options;
  const { ref = `refs/heads/${branch}`, cloneUrl = "https://github.com/octo/app.git" } = options;
  const commit = {
    id: sha,
    message,
    timestamp: "2026-01-01T00:00:00Z",
    url: `https://github.com/octo/app/commit/${sha}`,
    author: { name: "Octo", email: "octo@example.com" },
    added: [],
    removed: [],
    modified: ["README.md"],
  };
  return {
    ref,
    before: "0".repeat(40),
    after: sha,
    created: false,
    deleted: false,
    forced: false,
    head_commit: commit,
    commits: [commit],
    repository: { id: 1, name: "app", full_name: "octo/app", clone_url: cloneUrl, owner: { login: "octo" } },
    pusher: { name: "octo" },
    sender: { login: "octo" },
  };
}
