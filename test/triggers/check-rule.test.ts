import { describe, expect, it } from "vitest";
import type { TriggerRule } from "../../src/domain/action.ts";
import { checkRule } from "../../src/triggers/check-rule.ts";
import { rule } from "./build.ts";
import { containing, matching } from "../support/like.ts";

/** `with.sha: message` */
const problemsOf = (change: Partial<TriggerRule>): string[] =>
  checkRule(rule(change)).map(({ key, message }) => `${key.join(".")}: ${message}`);

describe("checkRule", () => {
  it("finds nothing wrong with a good rule", () => {
    const good = {
      branch: ["main", "release/*", "!release/old"],
      when: "!event.deleted",
      with: { sha: "event.commit.sha" },
    };
    expect(problemsOf(good)).toEqual([]);
  });

  it("names each key that is wrong", () => {
    const bad = {
      branch: ["main", "[x"],
      tag: ["!"],
      repository: ["{a"],
      paths: ["\\"],
      when: "event.",
      with: { sha: "1 +", ok: "event.branch" },
    };
    expect(problemsOf(bad)).toEqual([
      'branch: "[x" is not a glob: the [ at character 1 is not closed',
      'tag: "!" is not a glob: it is empty',
      'repository: "{a" is not a glob: the { at character 1 is not closed',
      'paths: "\\\\" is not a glob: there is nothing after the \\ at its end',
      matching(/^when: .* \(at character \d+\)$/),
      matching(/^with\.sha: .* \(at character \d+\)$/),
    ]);
  });

  it("finds patterns of messages that RE2 does not have, each", () => {
    const patterns = ["\\[skip ci\\]", "(?!x)", "("];
    expect(problemsOf({ skipIfCommitMessage: patterns })).toEqual([
      containing("skip_if_commit_message: (?!x) is not a regular expression of RE2"),
      containing("skip_if_commit_message: ( is not a regular expression of RE2"),
    ]);
  });

  it("finds a pattern that RE2 does not have before any event does", () => {
    expect(problemsOf({ when: 'event.branch.matches("(?!main)")' })).toEqual([
      containing("when: (?!main) is not a regular expression of RE2"),
    ]);
  });
});
