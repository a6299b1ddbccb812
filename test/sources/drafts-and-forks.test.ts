import { describe, expect, it } from "vitest";
import { senders } from "../../src/senders/registry.ts";
import type { Facts } from "../../src/senders/sender.ts";
import { bind, optionsOf } from "./fixtures/bind.ts";

const facts = (change: Partial<Facts>): Facts => ({
  repository: "ada/site",
  cloneUrl: null,
  branch: "next",
  tag: "v1",
  sha: "1".repeat(40),
  before: "2".repeat(40),
  message: "Next",
  status: null,
  draft: false,
  fork: false,
  now: new Date("2026-03-01T12:00:00Z"),
  ...change,
});

interface Forge {
  readonly kind: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Gogs has no drafts. */
  readonly drafts: boolean;
}

const FORGES: readonly Forge[] = [
  { kind: "github", drafts: true },
  { kind: "gitlab", drafts: true },
  { kind: "gitea", drafts: true },
  { kind: "gogs", drafts: false },
  { kind: "bitbucket", drafts: true },
  { kind: "bitbucket", options: { username: "server" }, drafts: true },
];

/** The pull request of those facts as the forge tells it, and with `change` done to its payload. */
function pullOf({ kind, options = {} }: Forge, change: Partial<Facts>, edit = (json: string) => json) {
  const sender = senders.get(kind);
  const sample = sender?.samples(facts(change), optionsOf({ kind, options })).pull_request;
  if (sender === undefined || sample === undefined) throw new Error(`${kind} has no pull requests`);
  const { event, payload } = sample;
  const json = edit(JSON.stringify(payload));
  const order = { event, json, form: false, id: "1", secret: "s", now: new Date() };
  const described = bind({ kind, options }).describe(sender.make(order, optionsOf({ kind, options })));
  if (!described.ok) throw new Error(described.reason);
  return described.event;
}

describe.each(FORGES)("a pull request of $kind $options", (forge) => {
  it("says whether it comes from a fork", () => {
    expect(pullOf(forge, {})).toMatchObject({ name: "pull_request", fork: false, branch: "next" });
    expect(pullOf(forge, { fork: true })).toMatchObject({ name: "pull_request", fork: true, branch: null });
  });

  it("says whether it is a draft, where there are any", () => {
    expect(pullOf(forge, {}).draft).toBe(forge.drafts ? false : null);
    expect(pullOf(forge, { draft: true }).draft).toBe(forge.drafts ? true : null);
  });

  it("does not say what its payload does not", () => {
    expect(pullOf(forge, { draft: true }, (json) => json.replaceAll('"draft"', '"other"')).draft).toBeNull();
  });
});

it("GitLab's older versions call a draft work in progress", () => {
  const older = (json: string): string => json.replaceAll('"draft"', '"work_in_progress"');
  expect(pullOf({ kind: "gitlab", drafts: true }, { draft: true }, older).draft).toBe(true);
});
