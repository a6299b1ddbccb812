import { describe, expect, it } from "vitest";
import type { Action, TriggerRule } from "../../src/domain/action.ts";
import type { HookEvent } from "../../src/domain/event.ts";
import { matchActions } from "../../src/triggers/match.ts";
import { action, event, failed, MATCHED, rule, verdict } from "./build.ts";

const pull = (change: Partial<HookEvent>): Partial<HookEvent> => ({
  name: "pull_request",
  senderName: "pull_request",
  ...change,
});
const saying = (message: string | null): Partial<HookEvent> => ({
  commit: { sha: "a".repeat(40), message, author: null, url: null, timestamp: null },
});

describe("a pull request", () => {
  it("that is a draft starts only what says drafts: true", () => {
    const draft = pull({ draft: true });
    expect(verdict({}, draft)).toMatchObject(
      failed("draft", "The pull request is a draft; the rule does not say drafts: true"),
    );
    expect(verdict({ drafts: true }, draft)).toMatchObject(MATCHED);
  });

  it("from a fork starts only what says forks: true", () => {
    const fork = pull({ fork: true, branch: null, ref: null });
    expect(verdict({}, fork)).toMatchObject(
      failed("fork", "The pull request comes from a fork; the rule does not say forks: true"),
    );
    expect(verdict({ drafts: true }, fork)).toMatchObject({ failed: "fork" });
    expect(verdict({ forks: true }, fork)).toMatchObject(MATCHED);
  });

  it("that is both has to be asked for as both", () => {
    const both = pull({ fork: true, draft: true });
    expect(verdict({ forks: true }, both)).toMatchObject({ failed: "draft" });
    expect(verdict({ forks: true, drafts: true }, both)).toMatchObject(MATCHED);
  });

  it.each([
    [false, false],
    [null, null],
  ])("that is neither (draft: %s, fork: %s) starts what it starts", (draft, fork) => {
    expect(verdict({}, pull({ draft, fork }))).toMatchObject(MATCHED);
  });
});

it("a build from a fork starts only what says forks: true", () => {
  const build: Partial<HookEvent> = { name: "build", senderName: "workflow_run", fork: true };
  expect(verdict({}, build)).toMatchObject(
    failed("fork", "It comes from a fork; the rule does not say forks: true"),
  );
  expect(verdict({ forks: true }, build)).toMatchObject(MATCHED);
});

describe("a ping", () => {
  const ping: Partial<HookEvent> = { name: "ping", senderName: "diagnostics:ping" };

  it("starts nothing that takes whatever comes", () => {
    expect(verdict({}, ping)).toMatchObject({ failed: "ping" });
    expect(verdict({ event: ["push"] }, ping)).toMatchObject({ failed: "event" });
  });

  it.each(["ping", "diagnostics:ping"])("starts what names %s", (name) => {
    expect(verdict({ event: ["push", name] }, ping)).toMatchObject(MATCHED);
  });
});

describe("skip_if_commit_message", () => {
  const skip = { skipIfCommitMessage: ["\\[skip (ci|deploy)\\]", "(?im)^chore:"] };

  it.each([
    ["Fix it [skip ci]", "\\[skip (ci|deploy)\\]"],
    ["Fix it\n\n[skip deploy]", "\\[skip (ci|deploy)\\]"],
    ["Chore: tidy up", "(?im)^chore:"],
    ["Merge\n\nchore: tidy up", "(?im)^chore:"],
  ])("skips %j", (message, pattern) => {
    expect(verdict(skip, saying(message))).toMatchObject(
      failed("skip_if_commit_message", `${pattern} is found in the commit's message`),
    );
  });

  it.each(["Fix it", "skip ci", "A chore: tidy up", "", null])("does not skip %j", (message) => {
    expect(verdict(skip, saying(message))).toMatchObject(MATCHED);
  });

  it("does not skip what has no commit", () => {
    expect(verdict(skip, { commit: null })).toMatchObject(MATCHED);
  });

  it("of an action counts for each of its rules, beside their own", () => {
    const on: TriggerRule[] = [rule({ event: ["tag"] }), rule({ skipIfCommitMessage: ["WIP"] }), rule()];
    const of = (message: string, change: Partial<Action> = { skipIfCommitMessage: ["no deploy"] }) =>
      matchActions({ event: event(saying(message)), actions: [action({ on, ...change })] }).reasons.map(
        (reason) => reason.failed,
      );
    expect(of("Fix it, no deploy")).toEqual(["event", "skip_if_commit_message", "skip_if_commit_message"]);
    expect(of("WIP")).toEqual(["event", "skip_if_commit_message", null]);
    expect(of("Fix it, no deploy", {})).toEqual(["event", null, null]);
  });

  it("takes no more time for a message made to take long", () => {
    const patterns = { skipIfCommitMessage: ["^([a-z0-9]+-?)+$"] };
    expect(verdict(patterns, saying(`${"a".repeat(50_000)}!`))).toMatchObject(MATCHED);
  });
});
