import { describe, expect, it } from "vitest";
import type { ReportRules } from "../../src/domain/report.ts";
import { reportLike, reportOf } from "../../src/usecases/report-of.ts";
import { event as anEvent } from "../triggers/build.ts";

const SHA = "a".repeat(40);
const RULES: ReportRules = {
  name: "deploy",
  forge: "github",
  apiUrl: "https://api.github.com",
  token: null,
  repositories: ["o/app"],
  status: true,
  context: "hookwright/deploy",
  deployment: null,
  environmentUrl: null,
  commitParam: "sha",
  implicit: false,
};
const commit = { sha: SHA, message: null, author: null, url: null, timestamp: null };

const of = (event: Parameters<typeof anEvent>[0] | null, params = {}, change: Partial<ReportRules> = {}) =>
  reportOf({
    reports: { deploy: { ...RULES, ...change } },
    action: "deploy",
    params,
    event: event === null ? null : anEvent(event),
  });

describe("the commit that a task is reported of", () => {
  it("is the event's, in a repository of the settings, whatever case it is written in", () => {
    expect(of({ repository: "O/App", commit, branch: "main" })).toEqual({
      rules: "deploy",
      repository: "o/app",
      commit: SHA,
      ref: "main",
      tag: false,
      user: null,
    });
    expect(of({ repository: "o/app", commit, branch: null, tag: "v1" })).toMatchObject({
      ref: "v1",
      tag: true,
    });
  });

  it("is none of another repository: its senders have no say about the settings' own", () => {
    expect(of({ repository: "o/other", commit }, { sha: SHA })).toBeNull();
  });

  it("is that of the params where no event tells, if there is one repository", () => {
    expect(of(null, { sha: SHA })).toMatchObject({ repository: "o/app", commit: SHA, ref: null });
    expect(of(null, { rev: SHA }, { commitParam: "rev" })).toMatchObject({ commit: SHA });
    expect(of(null, { sha: SHA }, { repositories: ["o/app", "o/b"] })).toBeNull();
    expect(of({ repository: null, commit: null }, { sha: SHA })).toMatchObject({ commit: SHA });
  });

  it.each(["", "abc1234", "main", "A".repeat(40), "../../x"])("is not %s", (sha) => {
    expect(of(null, { sha })).toBeNull();
  });

  it("is none of an action that nothing is said of", () => {
    expect(reportOf({ reports: {}, action: "constructor", params: { sha: SHA }, event: null })).toBeNull();
    const report = of(null, { sha: SHA });
    expect(reportLike({ deploy: RULES }, report)).toBe(report);
    expect(reportLike({}, report)).toBeNull();
  });
});
