import { describe, expect, it } from "vitest";
import { eventOf } from "./fixtures/event-of.ts";
import * as gitlab from "./fixtures/gitlab.ts";

const ORCHARD = { repository: "fruit/orchard", cloneUrl: "https://gitlab.example.com/fruit/orchard.git" };
const COMMIT = {
  sha: gitlab.SHA,
  message: "Plant pears\n\nAll of them.",
  author: "Ada",
  url: `https://gitlab.example.com/fruit/orchard/-/commit/${gitlab.SHA}`,
  timestamp: "2026-01-03T23:36:29+02:00",
};

const gitlabEvent = (header: string, payload: unknown) =>
  eventOf({ kind: "gitlab", headers: { "x-gitlab-event": header }, payload });

describe("what GitLab says", () => {
  it.each([
    [
      "Push Hook",
      gitlab.push,
      {
        ...ORCHARD,
        name: "push",
        sender: "ada",
        ref: "refs/heads/feature/pears",
        branch: "feature/pears",
        tag: null,
        deleted: false,
        before: gitlab.BEFORE,
        commit: COMMIT,
        paths: ["app/tree.rb", "apples.md", "pears.md"],
      },
    ],
    [
      "Tag Push Hook",
      gitlab.tagPush,
      {
        ...ORCHARD,
        name: "tag",
        tag: "v1.0.0",
        branch: null,
        before: null,
        commit: { sha: gitlab.SHA },
        paths: null,
      },
    ],
    [
      "Merge Request Hook",
      gitlab.mergeRequest,
      {
        ...ORCHARD,
        name: "pull_request",
        action: "open",
        status: "opened",
        branch: "feature/pears",
        sender: "ada",
        commit: COMMIT,
      },
    ],
    [
      "Pipeline Hook",
      gitlab.pipeline,
      {
        ...ORCHARD,
        name: "build",
        status: "success",
        branch: "main",
        ref: "refs/heads/main",
        sender: "ada",
        commit: COMMIT,
      },
    ],
    [
      "Release Hook",
      gitlab.release,
      { ...ORCHARD, name: "release", action: "create", tag: "v1.0", ref: "refs/tags/v1.0", commit: COMMIT },
    ],
    // Commits are never listed there, so nobody can say which paths changed.
    [
      "System Hook",
      gitlab.systemPush,
      {
        ...ORCHARD,
        name: "push",
        branch: "feature/pears",
        commit: { sha: gitlab.SHA, message: null },
        paths: null,
      },
    ],
    ["System Hook", gitlab.projectCreate, { name: "other", repository: "fruit/orchard", branch: null }],
    [
      "Note Hook",
      { object_kind: "note", object_attributes: { action: "create" } },
      { name: "other", action: "create" },
    ],
  ])("by a %s", (header, payload, facts) => {
    expect(gitlabEvent(header, payload)).toMatchObject({ ...facts, senderName: header, kind: "gitlab" });
  });

  it("of a branch that was removed", () => {
    const removed = {
      ...gitlab.push,
      after: gitlab.ZERO,
      checkout_sha: null,
      commits: [],
      total_commits_count: 0,
    };
    expect(gitlabEvent("Push Hook", removed)).toMatchObject({
      name: "push",
      deleted: true,
      commit: null,
      before: gitlab.BEFORE,
      paths: null,
    });
  });

  it("of a new branch", () => {
    expect(gitlabEvent("Push Hook", { ...gitlab.push, before: gitlab.ZERO })).toMatchObject({
      before: null,
      deleted: false,
    });
  });

  it("of a push with more commits than it lists", () => {
    expect(gitlabEvent("Push Hook", { ...gitlab.push, total_commits_count: 21 }).paths).toBeNull();
    expect(
      gitlabEvent("Push Hook", { ...gitlab.push, total_commits_count: Number.MAX_VALUE }).commit,
    ).toEqual(COMMIT);
  });

  it("of a tag's pipeline", () => {
    const attributes = { ...gitlab.pipeline.object_attributes, ref: "v1.0", tag: true };
    expect(gitlabEvent("Pipeline Hook", { ...gitlab.pipeline, object_attributes: attributes })).toMatchObject(
      {
        name: "build",
        tag: "v1.0",
        branch: null,
        ref: "refs/tags/v1.0",
      },
    );
  });
});

describe("a fork can't pass its branch for ours", () => {
  it.each([
    ["another project", 16],
    ["a removed project", null],
  ])("by a merge request of %s", (_title, source) => {
    const attributes = {
      ...gitlab.mergeRequest.object_attributes,
      source_branch: "main",
      source_project_id: source,
    };
    expect(
      gitlabEvent("Merge Request Hook", { ...gitlab.mergeRequest, object_attributes: attributes }),
    ).toMatchObject({ branch: null, ref: null, commit: { sha: gitlab.SHA } });
  });

  it("by a merge request's pipeline", () => {
    const of = (source: number) =>
      gitlabEvent("Pipeline Hook", {
        ...gitlab.pipeline,
        merge_request: { source_project_id: source, target_project_id: 15 },
      });
    expect(of(16)).toMatchObject({ branch: null, ref: null });
    expect(of(15)).toMatchObject({ branch: "main" });
  });
});
