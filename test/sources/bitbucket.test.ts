import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bind } from "./fixtures/bind.ts";
import {
  BEFORE,
  commitStatus,
  pullRequest,
  push,
  refsChanged,
  removed,
  serverChange,
  serverPullRequest,
  serverRemoval,
  serverTag,
  SHA,
  tagged,
  updated,
} from "./fixtures/bitbucket.ts";
import { eventOf } from "./fixtures/event-of.ts";
import { matching } from "../support/like.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const of = (key: string, payload: unknown) =>
  eventOf({ kind: "bitbucket", headers: { "x-event-key": key }, payload });
const described = (key: string, payload: unknown) =>
  bind({ kind: "bitbucket" }).describe({
    headers: { "x-event-key": key },
    body: Buffer.from(JSON.stringify(payload)),
  });

describe("Bitbucket Cloud", () => {
  it("pushes a branch", () => {
    expect(of("repo:push", push(updated))).toMatchObject({
      kind: "bitbucket",
      name: "push",
      senderName: "repo:push",
      repository: "team_name/repo_name",
      cloneUrl: null,
      ref: "refs/heads/release/1.0",
      branch: "release/1.0",
      tag: null,
      deleted: false,
      commit: {
        sha: SHA,
        message: "new commit message\n",
        author: "Ada <ada@example.com>",
        url: `https://bitbucket.org/team_name/repo_name/commits/${SHA}`,
        timestamp: "2026-06-09T03:34:49+00:00",
      },
      before: BEFORE,
      paths: null,
      sender: "ada",
    });
  });

  it("pushes a tag, and removes a branch", () => {
    expect(of("repo:push", push(tagged))).toMatchObject({
      name: "tag",
      ref: "refs/tags/v1.0",
      branch: null,
      tag: "v1.0",
      before: null,
      commit: { sha: SHA },
    });
    expect(of("repo:push", push(removed))).toMatchObject({
      name: "push",
      branch: "old",
      deleted: true,
      commit: null,
      before: BEFORE,
    });
  });

  it.each(["created", "updated", "fulfilled", "rejected", "approved"])("has a pull request %s", (action) => {
    expect(of(`pullrequest:${action}`, pullRequest())).toMatchObject({
      name: "pull_request",
      action,
      branch: "feature/x",
      ref: "refs/heads/feature/x",
      commit: { sha: SHA },
      status: "OPEN",
    });
  });

  it("takes no branch of a fork, or of a removed one, for its own", () => {
    const gone = structuredClone(pullRequest());
    Reflect.deleteProperty(gone.pullrequest.source, "repository");
    for (const payload of [pullRequest("stranger/repo_name"), gone]) {
      expect(of("pullrequest:created", payload)).toMatchObject({
        name: "pull_request",
        branch: null,
        ref: null,
      });
    }
  });

  it("tells of builds", () => {
    expect(of("repo:commit_status_updated", commitStatus)).toMatchObject({
      name: "build",
      status: "INPROGRESS",
      branch: null,
      commit: { sha: SHA },
    });
  });
});

describe("Bitbucket Data Center", () => {
  it("pushes a branch, pushes a tag, and removes a branch", () => {
    expect(of("repo:refs_changed", refsChanged(serverChange))).toMatchObject({
      name: "push",
      repository: "PROJ/repository",
      cloneUrl: "https://bitbucket.example/scm/proj/repository.git",
      branch: "master",
      commit: { sha: SHA, message: null },
      before: BEFORE,
      paths: null,
      sender: "admin",
    });
    expect(of("repo:refs_changed", refsChanged(serverTag))).toMatchObject({
      name: "tag",
      tag: "v1",
      before: null,
      commit: { sha: SHA },
    });
    expect(of("repo:refs_changed", refsChanged(serverRemoval))).toMatchObject({
      name: "push",
      branch: "master",
      deleted: true,
      commit: null,
    });
  });

  it.each([
    ["pr:opened", "opened"],
    ["pr:from_ref_updated", "from_ref_updated"],
    ["pr:merged", "merged"],
    ["pr:reviewer:approved", "reviewer:approved"],
  ])("has the pull request event %s", (key, action) => {
    expect(of(key, serverPullRequest())).toMatchObject({
      name: "pull_request",
      action,
      repository: "PROJ/repository",
      branch: "a-branch",
      commit: { sha: SHA },
      status: "OPEN",
    });
    expect(of(key, serverPullRequest(99))).toMatchObject({ branch: null, ref: null });
  });

  it("tests the connection", () => {
    expect(of("diagnostics:ping", { test: true })).toMatchObject({ name: "ping" });
  });
});

it.each(["pullrequest:comment_created", "pr:comment:added", "repo:fork", "issue:created", "pullrequest:"])(
  "takes %s for nothing else",
  (key) => expect(of(key, pullRequest())).toMatchObject({ name: "other", branch: null }),
);

describe("several refs in one push", () => {
  it.each([
    ["repo:push", push(updated, tagged, removed), ["release/1.0", null, "old"]],
    ["repo:refs_changed", refsChanged(serverChange, serverTag, serverRemoval), ["master", null, "master"]],
  ])("are an event each: %s", (key, payload, branches) => {
    const result = described(key, payload);
    if (!result.ok) throw new Error(result.reason);
    const events = [result.event, ...(result.more ?? [])];
    expect(events.map(({ branch }) => branch)).toEqual(branches);
    expect(events.map(({ name }) => name)).toEqual(["push", "tag", "push"]);
    expect(events.map(({ repository }) => repository)).toEqual(Array(3).fill(events[0]?.repository));
  });

  it("are refused, not cut, when they are too many", () => {
    const changes = Array.from({ length: 101 }, () => updated);
    expect(described("repo:push", push(...changes))).toEqual({
      ok: false,
      reason: matching(/changes 101 refs; at most 100/),
    });
    expect(described("repo:push", push(...changes.slice(1)))).toMatchObject({ ok: true });
  });
});

describe("who it is from", () => {
  const body = Buffer.from('{"test":true}');
  const check = (headers: Record<string, string>, options = {}) => {
    const result = bind({ kind: "bitbucket", options }).authenticate({ headers, body }, NOW);
    return result.ok ? "ok" : result.code;
  };
  const signature = (algorithm: string) => createHmac(algorithm, "secret").update(body).digest("hex");

  it("is told by SHA-256 in the header that is GitHub's for SHA-1", () => {
    expect(check({ "x-hub-signature": `sha256=${signature("sha256")}` })).toBe("ok");
    expect(check({ "x-hub-signature": `sha1=${signature("sha1")}` })).toBe("signature:invalid");
    expect(check({ "x-hub-signature-256": `sha256=${signature("sha256")}` })).toBe("signature:missing");
  });

  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  it.each([
    ["the right pair", basic("hook:secret"), "ok"],
    ["another user", basic("root:secret"), "signature:invalid"],
    ["another password", basic("hook:other"), "signature:invalid"],
    ["no colon", basic("secret"), "signature:invalid"],
    ["no password", basic("hook:"), "signature:invalid"],
    ["a token", { authorization: "Bearer secret" }, "signature:invalid"],
    ["a signature", { "x-hub-signature": `sha256=${signature("sha256")}` }, "signature:missing"],
  ])("is told by Basic, given %s", (_title, headers, code) => {
    expect(check(headers, { username: "hook" })).toBe(code);
  });
});
