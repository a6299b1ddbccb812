import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/registry.ts";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";
import { containing } from "../support/like.ts";
import { build, pullRequest, tag } from "./fixtures/travis.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const pem = (bits: number): string =>
  generateKeyPairSync("rsa", { modulusLength: bits })
    .publicKey.export({ format: "pem", type: "spki" })
    .toString();
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const KEY = publicKey.export({ format: "pem", type: "spki" }).toString();

const form = (payload: unknown) => ({
  body: Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString()),
  headers: {
    "content-type": "application/x-www-form-urlencoded",
    signature: sign("sha1", Buffer.from(JSON.stringify(payload)), privateKey).toString("base64"),
  },
});

describe("Travis's signature", () => {
  const unpinned = bind({ kind: "travis", secrets: [] });

  it("is checked by the keys that Travis publishes, whose place is known", () => {
    expect(unpinned.publicKeys?.urls).toEqual([
      "https://api.travis-ci.com/config",
      "https://api.travis-ci.org/config",
    ]);
    const sent = form(build);
    expect(unpinned.authenticate(sent, NOW)).toMatchObject({ code: "signature:invalid" });
    expect(unpinned.authenticate(sent, NOW, [pem(2_048)])).toMatchObject({ code: "signature:invalid" });
    expect(unpinned.authenticate(sent, NOW, [pem(2_048), KEY])).toMatchObject({ ok: true });
  });

  it("is checked by the pinned keys alone, where there are any: then none is fetched", () => {
    const pinned = bind({ kind: "travis", secrets: [pem(2_048)] });
    expect(pinned.publicKeys).toBeNull();
    expect(pinned.authenticate(form(build), NOW, [KEY])).toMatchObject({ code: "signature:invalid" });
  });

  it.each([
    ["too short", pem(1_024)],
    ["no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    [
      "of another kind",
      generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" }).toString(),
    ],
    ["private", privateKey.export({ format: "pem", type: "pkcs8" }).toString()],
  ])("is not checked by a key that is %s", (_title, key) => {
    const kind = sourceKinds.get("travis");
    expect(kind?.schema.safeParse({ repositories: ["a/b"], public_keys: [key] }).success).toBe(false);
    expect(
      kind?.publicKeys?.read({ config: { notifications: { webhook: { public_key: key } } } }),
    ).toBeNull();
  });

  it("is read from what Travis answers, and from nothing else", () => {
    expect(
      unpinned.publicKeys?.read({ config: { notifications: { webhook: { public_key: KEY } } } }),
    ).toEqual([KEY]);
    for (const answer of [
      null,
      [],
      {},
      { config: {} },
      { config: { notifications: { webhook: { public_key: 1 } } } },
    ])
      expect(unpinned.publicKeys?.read(answer)).toBeNull();
  });

  it.each([
    ["https://travis.example.com/api/config", true],
    ["http://127.0.0.1:8080/config", true],
    ["http://api.travis-ci.com/config", false],
    ["file:///etc/passwd", false],
    ["config", false],
  ])("may be checked by keys of %s: %s", (url, ok) => {
    expect(
      sourceKinds.get("travis")?.schema.safeParse({ repositories: ["a/b"], key_urls: [url] }).success,
    ).toBe(ok);
  });
});

describe("the repositories that a source takes", () => {
  const takes = (repositories: readonly string[], repository: unknown) =>
    bind({ kind: "travis", options: { repositories }, secrets: [KEY] }).describe(
      form({ ...build, repository }),
    );

  it.each([
    [["ada/site"], { owner_name: "ada", name: "site" }],
    [["x/y", "Ada/Site"], { owner_name: "ada", name: "site" }],
    [["ada/*"], { owner_name: "Ada", name: "anything" }],
  ])("%j are those of %j", (repositories, repository) => {
    expect(takes(repositories, repository).ok).toBe(true);
  });

  it.each([
    [["ada/site"], { owner_name: "eve", name: "site" }, "eve/site, which is none of ada/site"],
    [["ada/*"], { owner_name: "ada/*", name: "x" }, "ada/*/x"],
    [["ada/*"], { owner_name: "adamant", name: "site" }, "adamant/site"],
    [["ada/site"], null, "no repository"],
  ])("%j are not those of %j, whatever Travis signs", (repositories, repository, reason) => {
    expect(takes(repositories, repository)).toEqual({ ok: false, reason: containing(reason) });
  });
});

describe("a build of Travis", () => {
  it("is described", () => {
    expect(eventOf({ kind: "travis", secrets: [KEY], payload: build })).toMatchObject({
      name: "build",
      senderName: "build",
      repository: "ada/site",
      branch: "release/2",
      ref: "refs/heads/release/2",
      tag: null,
      status: "Passed",
      action: "push",
      commit: { sha: build.commit, message: "Fix the header", author: "Ada", timestamp: build.committed_at },
      sender: null,
    });
  });

  it.each([
    ["as today", pullRequest],
    ["as before builds had a type", { ...pullRequest, type: undefined, pull_request: undefined }],
  ])("of a pull request, told %s, is of no branch, and of its own commit", (_title, payload) => {
    expect(eventOf({ kind: "travis", secrets: [KEY], payload })).toMatchObject({
      name: "build",
      branch: null,
      ref: null,
      commit: { sha: "3".repeat(40) },
    });
  });

  it("of a tag is of no branch", () => {
    expect(eventOf({ kind: "travis", secrets: [KEY], payload: tag })).toMatchObject({
      branch: null,
      tag: "v1.0",
      ref: "refs/tags/v1.0",
    });
  });

  it("has the state where there is no message", () => {
    const payload = { ...build, status_message: undefined };
    expect(eventOf({ kind: "travis", secrets: [KEY], payload }).status).toBe("passed");
  });
});
