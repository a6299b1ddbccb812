import { describe, expect, it } from "vitest";
import { EVENT_NAMES } from "../../src/domain/event.ts";
import { githubPush } from "../support/push.ts";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";
import { githubExample, githubExamples } from "./fixtures/github-examples.ts";

const NOW = new Date();
const ZERO = "0".repeat(40);

const githubEvent = (event: string, payload: unknown) =>
  eventOf({ kind: "github", headers: { "x-github-event": event }, payload });

describe("signatures that GitHub publishes", () => {
  const secret = "It's a Secret to Everybody";
  it.each([
    ["sha256", "Hello, World!", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"],
    ["sha256", "Hello World!", "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"],
    ["sha1", "Hello, World!", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"],
  ])("%s of %s", (algorithm, text, signature) => {
    const source = bind({ kind: "github", options: { algorithm }, secrets: [secret] });
    const headers = { [algorithm === "sha1" ? "x-hub-signature" : "x-hub-signature-256"]: signature };
    expect(source.authenticate({ headers, body: Buffer.from(text) }, NOW)).toMatchObject({ ok: true });
    expect(source.authenticate({ headers, body: Buffer.from(`${text} `) }, NOW)).toMatchObject({ ok: false });
  });

  it("checks SHA-256 alone, also where the old header is there and right", () => {
    const headers = { "x-hub-signature": "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59" };
    const body = Buffer.from("Hello, World!");
    const source = bind({ kind: "github", secrets: [secret] });
    expect(source.authenticate({ headers, body }, NOW)).toMatchObject({ code: "signature:missing" });
    const moved = { "x-hub-signature-256": headers["x-hub-signature"] };
    expect(source.authenticate({ headers: moved, body }, NOW)).toMatchObject({ code: "signature:invalid" });
  });
});

describe("every example payload of GitHub's", () => {
  const all = githubExamples.flatMap(({ name, examples: payloads }) =>
    payloads.map((payload, index) => ({ name, index, payload })),
  );

  it("is there", () => expect(all.length).toBeGreaterThan(250));

  it.each(all)("$name $index", ({ name, payload }) => {
    const event = githubEvent(name, payload);
    expect(EVENT_NAMES).toContain(event.name);
    expect(event).toMatchObject({ source: "app", kind: "github", senderName: name, payload });
    if (event.branch !== null) expect(event.ref).toBe(`refs/heads/${event.branch}`);
    if (event.commit !== null) expect(event.commit.sha).toMatch(/^[0-9a-f]{40}$/);
    if (event.paths !== null) expect(event.paths).toEqual([...new Set(event.paths)].toSorted());
  });
});

const SHA = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const HELLO = {
  repository: "Codertocat/Hello-World",
  cloneUrl: "https://github.com/Codertocat/Hello-World.git",
  sender: "Codertocat",
};

describe("what an example says", () => {
  it.each([
    ["ping", 0, { name: "ping", repository: "Octocoders/Hello-World" }],
    [
      "push",
      4,
      {
        ...HELLO,
        name: "push",
        ref: "refs/heads/master",
        branch: "master",
        tag: null,
        deleted: false,
        before: null,
        paths: ["README.md"],
        commit: {
          sha: SHA,
          message: "Initial commit",
          author: "Codertocat",
          url: `https://github.com/Codertocat/Hello-World/commit/${SHA}`,
          timestamp: "2019-05-15T15:19:25Z",
        },
      },
    ],
    [
      "push",
      0,
      { ...HELLO, name: "tag", tag: "simple-tag", branch: null, deleted: false, before: null, paths: null },
    ],
    [
      "push",
      1,
      { ...HELLO, name: "tag", tag: "simple-tag", deleted: true, before: SHA, commit: null, paths: null },
    ],
    [
      "pull_request",
      0,
      {
        ...HELLO,
        name: "pull_request",
        action: "opened",
        status: "open",
        branch: "changes",
        commit: { sha: "ec26c3e57ca3a959ca5aad62de7213c562f8c821" },
      },
    ],
    ["release", 0, { ...HELLO, name: "release", action: "published", tag: "0.0.1", ref: "refs/tags/0.0.1" }],
    [
      "workflow_run",
      1,
      {
        name: "build",
        action: "completed",
        status: "success",
        branch: "master",
        repository: "octo-org/octo-repo",
      },
    ],
    // The run of another repository than the event's: its branch is not ours.
    ["workflow_run", 0, { name: "build", status: "queued", branch: null, ref: null }],
    [
      "check_suite",
      0,
      {
        ...HELLO,
        name: "build",
        status: "success",
        branch: "changes",
        commit: { sha: "ec26c3e57ca3a959ca5aad62de7213c562f8c821" },
      },
    ],
    ["check_suite", 4, { name: "build", action: "requested", status: "queued", branch: "master" }],
    ["status", 2, { ...HELLO, name: "build", status: "success", branch: "master", commit: { sha: SHA } }],
    // The commit is on three branches: which one is meant nobody says.
    ["status", 0, { name: "build", status: "success", branch: null, ref: null }],
    // An npm package is no image.
    ["package", 0, { name: "other", action: "published" }],
    ["issues", 0, { ...HELLO, name: "other", branch: null, commit: null }],
  ])("%s %d", (event, index, facts) => {
    expect(githubEvent(event, githubExample(event, index))).toMatchObject(facts);
  });

  it.each(["package", "registry_package"])("an image comes as a container's %s", (name) => {
    const payload = { action: "published", [name]: { package_type: "CONTAINER" } };
    expect(githubEvent(name, payload)).toMatchObject({ name: "image", action: "published" });
  });
});

describe("a push", () => {
  const pushed = (change: object) => {
    const { body } = githubPush({ secret: "s", branch: "main" });
    return githubEvent("push", { ...JSON.parse(body.toString()), ...change });
  };
  const commits = (count: number, files: object) =>
    Array.from({ length: count }, (_, index) => ({ id: String(index).padStart(40, "1"), ...files }));

  it("keeps the slashes of a branch", () => {
    expect(pushed({ ref: "refs/heads/release/2026/refs/heads/x" })).toMatchObject({
      name: "push",
      branch: "release/2026/refs/heads/x",
    });
  });

  it("that removes a branch has no commit, and says what was there", () => {
    const removed = { deleted: true, after: ZERO, before: SHA, head_commit: null, commits: [] };
    expect(pushed(removed)).toMatchObject({
      deleted: true,
      branch: "main",
      commit: null,
      before: SHA,
      paths: null,
    });
  });

  it("of a new branch has nothing before", () => {
    expect(pushed({ before: ZERO })).toMatchObject({ before: null, deleted: false });
  });

  it("to neither branch nor tag has neither", () => {
    expect(pushed({ ref: "refs/notes/commits" })).toMatchObject({
      ref: "refs/notes/commits",
      branch: null,
      tag: null,
    });
  });

  it("names each changed path once, of all commits, sorted", () => {
    const [first, second] = [
      { id: "1".repeat(40), added: ["b", "a"], removed: ["z"], modified: [] },
      { id: "2".repeat(40), added: [], removed: ["b"], modified: ["a", 7, null] },
    ];
    expect(pushed({ commits: [first, second] }).paths).toEqual(["a", "b", "z"]);
  });

  it.each([
    ["there are as many commits as GitHub lists at most", commits(2_048, { added: ["a"] })],
    ["no commit is listed", []],
    ["a commit lists no files", [{ id: "1".repeat(40), added: ["a"] }, { id: "2".repeat(40) }]],
  ])("does not know its paths when %s", (_title, listed) => {
    expect(pushed({ commits: listed }).paths).toBeNull();
  });

  it("knows that an empty commit changed nothing", () => {
    expect(pushed({ commits: commits(1, { added: [], removed: [], modified: [] }) }).paths).toEqual([]);
  });
});

describe("a fork", () => {
  const base = { full_name: "octo/app", clone_url: "https://github.com/octo/app.git" };
  const fork = { full_name: "mallory/app" };
  const pullRequest = (repo: unknown) =>
    githubEvent("pull_request", {
      action: "opened",
      repository: base,
      pull_request: { state: "open", head: { ref: "main", sha: SHA, repo } },
    });
  const run = (repository: unknown) =>
    githubEvent("workflow_run", {
      repository: base,
      workflow_run: {
        head_branch: "main",
        head_sha: SHA,
        conclusion: "success",
        head_repository: repository,
      },
    });

  it.each([
    ["pull request", pullRequest],
    ["workflow run", run],
  ])("can't pass its branch main for ours by a %s", (_title, make) => {
    expect(make(fork)).toMatchObject({ branch: null, ref: null, commit: { sha: SHA } });
    expect(make(null)).toMatchObject({ branch: null, ref: null });
    expect(make(base)).toMatchObject({ branch: "main", ref: "refs/heads/main" });
  });
});

describe("a content type that is not signed", () => {
  it("can't make a field inside a signed string the payload", () => {
    const json = JSON.stringify({
      ref: 'x&payload={"ref":"refs/heads/evil"}&',
      repository: { full_name: "octo/app" },
    });
    for (const body of [json, ` \n${json}`, `\uFEFF${json}`]) {
      const headers = { "content-type": "application/x-www-form-urlencoded", "x-github-event": "push" };
      const described = bind({ kind: "github" }).describe({ headers, body: Buffer.from(body) });
      expect(described).toMatchObject({ ok: true, event: { branch: null, repository: "octo/app" } });
    }
  });
});
