import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";
import * as gitea from "./fixtures/gitea.ts";

const NOW = new Date();
const SENDERS = [
  ["gitea", "x-gitea-event"],
  ["gitea", "x-forgejo-event"],
  ["gogs", "x-gogs-event"],
] as const;

const COMMIT = {
  sha: gitea.SHA,
  message: "Webhooks!",
  author: "ada",
  url: gitea.commit.url,
  timestamp: "2026-03-13T13:52:11-04:00",
};
const FACTS = { repository: "ada/webhooks", cloneUrl: gitea.repository.clone_url, sender: "ada" };

describe.each(SENDERS)("%s by %s", (kind, header) => {
  const event = (name: string, payload: unknown) => eventOf({ kind, headers: { [header]: name }, payload });

  it("says what was pushed", () => {
    expect(event("push", gitea.push)).toMatchObject({
      ...FACTS,
      kind,
      name: "push",
      senderName: "push",
      ref: "refs/heads/develop/next",
      branch: "develop/next",
      deleted: false,
      before: gitea.BEFORE,
      commit: COMMIT,
      paths: ["docs/README.md", "new.md"],
    });
  });

  it("finds the commit among those listed where no head is named", () => {
    const { head_commit: _head, ...push } = gitea.push;
    expect(event("push", push).commit).toEqual(COMMIT);
    expect(event("push", { ...push, commits: [] }).commit).toMatchObject({ sha: gitea.SHA, message: null });
  });

  it("says that a tag was pushed", () => {
    expect(event("push", { ...gitea.push, ref: "refs/tags/v1.0", before: gitea.ZERO })).toMatchObject({
      name: "tag",
      tag: "v1.0",
      branch: null,
      before: null,
    });
  });

  it("says that a branch was removed, by a push or by an event of its own", () => {
    expect(event("push", { ...gitea.push, after: gitea.ZERO, commits: [], head_commit: null })).toMatchObject(
      {
        deleted: true,
        commit: null,
        before: gitea.BEFORE,
      },
    );
    expect(event("delete", gitea.deleted)).toMatchObject({
      ...FACTS,
      name: "other",
      deleted: false,
      branch: null,
    });
  });

  it("does not take a push without an id for a removal", () => {
    const { after: _after, ...push } = gitea.push;
    expect(event("push", push)).toMatchObject({ deleted: false, commit: COMMIT });
  });

  it("does not know the paths of commits that list none, as older versions send them", () => {
    const { added: _a, removed: _r, modified: _m, ...bare } = gitea.commit;
    expect(event("push", { ...gitea.push, commits: [bare] }).paths).toBeNull();
  });

  it("takes Go's null for an empty list", () => {
    const commits = [{ ...gitea.commit, added: null, removed: null, modified: ["a"] }];
    expect(event("push", { ...gitea.push, commits }).paths).toEqual(["a"]);
  });

  it("says what was released", () => {
    expect(event("release", gitea.release)).toMatchObject({
      ...FACTS,
      name: "release",
      action: "published",
      tag: "v1.0",
    });
  });
});

describe("Gitea", () => {
  const event = (name: string, payload: unknown) =>
    eventOf({ kind: "gitea", headers: { "x-gitea-event": name }, payload });

  it("counts more commits than it lists", () => {
    expect(event("push", { ...gitea.push, total_commits: 31 }).paths).toBeNull();
  });

  it("names a pull request's branch and commit, unless they are a fork's", () => {
    expect(event("pull_request", gitea.pullRequest)).toMatchObject({
      ...FACTS,
      name: "pull_request",
      action: "opened",
      status: "open",
      branch: "develop/next",
      commit: { sha: gitea.SHA },
    });
    const head = { ...gitea.pullRequest.pull_request.head, repo: { full_name: "mallory/webhooks" } };
    const fork = { ...gitea.pullRequest, pull_request: { ...gitea.pullRequest.pull_request, head } };
    expect(event("pull_request", fork)).toMatchObject({
      branch: null,
      ref: null,
      commit: { sha: gitea.SHA },
    });
  });

  it("tells how a run of its Actions ended", () => {
    const run = { head_branch: "main", head_sha: gitea.SHA, status: "completed", conclusion: "success" };
    const payload = { action: "completed", repository: gitea.repository };
    expect(
      event("workflow_run", { ...payload, workflow_run: { ...run, head_repository: gitea.repository } }),
    ).toMatchObject({ name: "build", status: "success", branch: "main" });
    expect(event("workflow_run", { ...payload, workflow_run: run })).toMatchObject({
      name: "build",
      branch: null,
    });
  });

  it("believes Forgejo's names before Gitea's, and neither Gogs' nor GitHub's", () => {
    const source = bind({ kind: "gitea" });
    const headers = {
      "x-github-event": "a",
      "x-gogs-event": "b",
      "x-gitea-event": "c",
      "x-forgejo-event": "d",
    };
    expect(source.eventName({ headers })).toBe("d");
    expect(source.eventName({ headers: { ...headers, "x-forgejo-event": "" } })).toBe("c");
    expect(source.eventName({ headers: { "x-github-event": "a", "x-gogs-event": "b" } })).toBe("unknown");
  });
});

describe("Gogs", () => {
  const event = (name: string, payload: unknown) =>
    eventOf({ kind: "gogs", headers: { "x-gogs-event": name }, payload });

  it("may have left commits out, once there are five", () => {
    const commits = (count: number) => Array.from({ length: count }, () => gitea.commit);
    expect(event("push", { ...gitea.push, commits: commits(4) }).paths).toEqual(["docs/README.md", "new.md"]);
    expect(event("push", { ...gitea.push, commits: commits(5) }).paths).toBeNull();
  });

  it("names a pull request's branch, unless it is a fork's, and no commit", () => {
    const { pull_request: request } = gitea.gogsPullRequest;
    expect(event("pull_request", gitea.gogsPullRequest)).toMatchObject({
      ...FACTS,
      name: "pull_request",
      status: "open",
      branch: "develop/next",
      commit: null,
    });
    for (const repo of [{ full_name: "mallory/webhooks" }, null]) {
      const fork = { ...gitea.gogsPullRequest, pull_request: { ...request, head_repo: repo } };
      expect(event("pull_request", fork)).toMatchObject({ branch: null, ref: null });
    }
  });

  it("with the secret in the body needs a string there that is one of the secrets", () => {
    const source = bind({ kind: "gogs", options: { body_secret: true }, secrets: ["the-secret", "17"] });
    const codeOf = (text: string): string => {
      const result = source.authenticate({ headers: {}, body: Buffer.from(text) }, NOW);
      return result.ok ? "ok" : result.code;
    };
    expect(codeOf('{"secret":"the-secret"}')).toBe("ok");
    expect(codeOf('{"secret":"the-secret "}')).toBe("signature:invalid");
    expect(codeOf('{"secret":["the-secret"]}')).toBe("signature:missing");
    expect(codeOf('{"secret":{"the-secret":1}}')).toBe("signature:missing");
    expect(codeOf('{"secret":17}')).toBe("signature:missing");
    expect(codeOf('{"__proto__":{"secret":"the-secret"}}')).toBe("signature:missing");
    expect(codeOf('{"secret":""}')).toBe("signature:missing");
    expect(codeOf("[")).toBe("signature:missing");
  });
});

describe.each([
  ["gitea", "x-gitea-signature"],
  ["gogs", "x-gogs-signature"],
])("a form that %s sends", (kind, header) => {
  const json = JSON.stringify({ ...gitea.push, message: "100% & +1: é" });
  const sign = (text: string | Buffer) => createHmac("sha256", "secret").update(text).digest("hex");
  const check = (body: string, signature: string, contentType = "application/x-www-form-urlencoded") =>
    bind({ kind }).authenticate(
      { body: Buffer.from(body, "latin1"), headers: { "content-type": contentType, [header]: signature } },
      NOW,
    ).ok;
  const encoded = new URLSearchParams({ payload: json }).toString();

  it("is signed over the decoded field", () => {
    expect(check(encoded, sign(json))).toBe(true);
    expect(check(encoded, sign(encoded))).toBe(false);
  });

  it.each([
    "application/x-www-form-urlencoded; charset=utf-8",
    "Application/X-WWW-Form-Urlencoded;charset=UTF-8",
    " application/x-www-form-urlencoded ;x=y",
  ])("may come as %s", (contentType) => expect(check(encoded, sign(json), contentType)).toBe(true));

  it.each(["application/x-www-form-urlencoded-not", "text/plain; x=application/x-www-form-urlencoded", ""])(
    "is none as %s",
    (contentType) => expect(check(encoded, sign(json), contentType)).toBe(false),
  );

  it("is signed over its first payload, which is also the one that counts", () => {
    const twice = `other=1&payload=%7B%22ref%22%3A%22first%22%7D&payload=%7B%7D`;
    expect(check(twice, sign('{"ref":"first"}'))).toBe(true);
    expect(check(twice, sign("{}"))).toBe(false);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const described = bind({ kind }).describe({ headers, body: Buffer.from(twice) });
    expect(described).toMatchObject({ ok: true, event: { payload: { ref: "first" } } });
  });

  it("is signed over bytes, not over what a decoder puts in their place", () => {
    expect(check("payload=%FF", sign(Buffer.from([0xff])))).toBe(true);
    expect(check("payload=%FF", sign("\uFFFD"))).toBe(false);
    expect(check("payload=%EF%BF%BD", sign(Buffer.from([0xff])))).toBe(false);
  });

  it.each(["", "payload", "Payload={}", "payload2={}", "%70ayload={}"])(
    "is refused without its field: %s",
    (body) => {
      expect(check(body, sign(""))).toBe(false);
      expect(check(body, sign("{}"))).toBe(false);
    },
  );

  it("leaves a broken escape as it is", () => {
    expect(check("payload=%7B%zz%4", sign("{%zz%4"))).toBe(true);
  });
});
