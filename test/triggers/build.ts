import type { Action, ParamSpec, TriggerRule } from "../../src/domain/action.ts";
import type { HookEvent } from "../../src/domain/event.ts";
import { matchActions } from "../../src/triggers/match.ts";

/** A push to main, with what a test says of it. */
export const event = (change: Partial<HookEvent> = {}): HookEvent => ({
  source: "app",
  kind: "github",
  name: "push",
  senderName: "push",
  repository: "octo/app",
  cloneUrl: "https://github.com/octo/app.git",
  ref: "refs/heads/main",
  branch: "main",
  tag: null,
  deleted: false,
  commit: { sha: "a".repeat(40), message: "Change", author: "octo", url: null, timestamp: null },
  before: null,
  status: null,
  action: null,
  paths: ["README.md"],
  sender: "octo",
  draft: null,
  fork: null,
  health: null,
  headers: {},
  payload: {},
  ...change,
});

export const rule = (change: Partial<TriggerRule> = {}): TriggerRule => ({
  source: "app",
  event: [],
  branch: [],
  tag: [],
  repository: [],
  paths: [],
  skipIfCommitMessage: [],
  drafts: false,
  forks: false,
  when: null,
  with: {},
  correlation: {},
  ...change,
});

export const param = (change: Partial<ParamSpec> = {}): ParamSpec => ({
  pattern: null,
  required: true,
  default: null,
  description: null,
  allowLeadingDash: false,
  ...change,
});

export const action = (change: Partial<Action> = {}): Action => ({
  name: "deploy",
  description: null,
  user: null,
  sandbox: null,
  params: {},
  on: [],
  skipIfCommitMessage: [],
  concurrency: { policy: "queue", group: "deploy" },
  approval: null,
  debounceMs: null,
  runsOn: null,
  timeoutMs: 1,
  graceMs: 1,
  onCrash: "lost",
  env: {},
  workdir: null,
  steps: [],
  maxLogBytes: 1,
  notify: null,
  ...change,
});

/** What one rule of one action says to an event. */
export function verdict(definition: Partial<TriggerRule>, change: Partial<HookEvent> = {}) {
  const { reasons } = matchActions({
    event: event(change),
    actions: [action({ on: [rule(definition)] })],
  });
  return reasons[0];
}

export const MATCHED = { matched: true, failed: null, explanation: "All tests of the rule hold" };
export const failed = (test: string, explanation: unknown) => ({ matched: false, failed: test, explanation });
