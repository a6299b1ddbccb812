import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/registry.ts";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";
import { containing } from "../support/like.ts";

const NOW = new Date();
const BODY = Buffer.from("{}");

const check = (input: Parameters<typeof bind>[0], headers: Record<string, string>): string => {
  const result = bind(input).authenticate({ headers, body: BODY }, NOW);
  return result.ok ? "ok" : result.code;
};

describe("settings", () => {
  const problemsOf = (options: object): string[] => {
    const parsed = sourceKinds.get("generic")?.schema.safeParse(options);
    return parsed?.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
  };

  it.each([
    [{}, []],
    [{ token_header: "X-Token", keep_headers: ["X-Env"], id_header: "X-Id" }, []],
    [
      { token_header: "X-Token", header: "X-Signature" },
      ["token_header: header and token_header exclude each other: only one of them would be checked"],
    ],
    [
      { header: "X Sig" },
      ["header: expected the name of a header, or ?name for a parameter of the URL's query"],
    ],
    [{ keep_headers: ["X-Env", "Cookie"] }, ["keep_headers.1: cookie is a secret and is not stored"]],
    [{ keep_headers: ["Authorization"] }, ["keep_headers.0: authorization is a secret and is not stored"]],
    [
      { keep_headers: ["X-Hub-Signature-256"] },
      ["keep_headers.0: x-hub-signature-256 is a secret and is not stored"],
    ],
    [{ token_header: "X-Token", id_header: "x-token" }, ["id_header: x-token is a secret and is not stored"]],
    [{ header: "X-S", event_header: "X-S" }, ["event_header: x-s is a secret and is not stored"]],
    [{ algorithm: "md5" }, [containing("algorithm: ")]],
    [{ fields: { branch: "payload." } }, [containing("fields.branch: ")]],
    [{ fields: { name: 'payload.x.matches("(?=a)")' } }, [containing("is not a regular expression of RE2")]],
    [{ fields: { nothing: "1" } }, [containing("fields")]],
  ])("%j: %j", (options, problems) => expect(problemsOf(options)).toEqual(problems));
});

describe("a token", () => {
  const token = (value: string, secret = "the-token", header = "Authorization") =>
    check(
      { kind: "generic", options: { token_header: header }, secrets: [secret] },
      { [header.toLowerCase()]: value },
    );

  it.each([
    ["the-token", "ok"],
    ["Bearer the-token", "ok"],
    ["bearer the-token", "ok"],
    ["Bearer   the-token", "ok"],
    ["Bearer", "signature:missing"],
    ["Bearerthe-token", "signature:invalid"],
    ["Basic the-token", "signature:invalid"],
    ["Bearer Bearer the-token", "signature:invalid"],
    ["The-Token", "signature:invalid"],
    ["the-token ", "signature:invalid"],
    ["the-token, the-token", "signature:invalid"],
    ["Bearer the-token, Bearer the-token", "signature:invalid"],
  ])("of %j: %s", (value, expected) => expect(token(value)).toBe(expected));

  it("may be kept with its Bearer in the settings", () => {
    expect(token("Bearer the-token", "Bearer the-token")).toBe("ok");
    expect(token("Bearer", "Bearer")).toBe("signature:missing");
  });

  it("stands in a header of its own, whatever the name", () => {
    expect(token("the-token", "the-token", "constructor")).toBe("ok");
    const options = { token_header: "constructor" };
    expect(check({ kind: "generic", options, secrets: ["x"] }, {})).toBe("signature:missing");
  });
});

describe("a signature", () => {
  it.each([
    ["sha1", "hex", "sha1="],
    ["sha256", "hex", ""],
    ["sha256", "base64", "HMAC-SHA256 "],
    ["sha512", "hex", "sha512="],
    ["sha512", "base64", ""],
  ] as const)("by %s as %s after %j", (algorithm, encoding, prefix) => {
    const options = { header: "X-Sig", algorithm, encoding, prefix };
    const digest = createHmac(algorithm, "secret").update(BODY).digest(encoding);
    expect(check({ kind: "generic", options }, { "x-sig": prefix + digest })).toBe("ok");
    expect(check({ kind: "generic", options }, { "x-sig": `x${prefix}${digest}` })).toBe("signature:invalid");
    expect(check({ kind: "generic", options }, { "x-hub-signature-256": prefix + digest })).toBe(
      "signature:missing",
    );
  });

  it("is named after the algorithm unless the settings say otherwise", () => {
    const digest = createHmac("sha512", "secret").update(BODY).digest("hex");
    const source = { kind: "generic", options: { algorithm: "sha512" } };
    expect(check(source, { "x-hub-signature-256": `sha512=${digest}` })).toBe("ok");
    expect(check(source, { "x-hub-signature-256": digest })).toBe("signature:invalid");
  });
});

describe("fields", () => {
  const event = (fields: Record<string, string>, payload: unknown, more: object = {}) =>
    eventOf({
      kind: "generic",
      options: { fields, ...more },
      headers: { "x-env": "blue", "x-other": "no" },
      payload,
    });

  it("say what the event is", () => {
    const fields = {
      name: '"push"',
      repository: "payload.repo",
      clone_url: '"https://git.example.com/" + payload.repo',
      ref: '"refs/heads/" + payload.branch',
      commit: "payload.sha",
      before: "payload.before",
      status: "payload.ok",
      action: "payload.number",
      sender: "headers['x-env']",
      paths: "payload.files",
    };
    const payload = {
      repo: "o/r",
      branch: "a/b",
      sha: "1".repeat(40),
      before: null,
      ok: true,
      number: 12,
      files: ["b", "a", "b", 3],
    };
    expect(event(fields, payload, { keep_headers: ["X-Env"] })).toEqual({
      source: "app",
      kind: "generic",
      name: "push",
      senderName: "webhook",
      repository: "o/r",
      cloneUrl: "https://git.example.com/o/r",
      ref: "refs/heads/a/b",
      branch: "a/b",
      tag: null,
      draft: null,
      fork: null,
      health: null,
      headers: { "content-type": "application/json", "x-env": "blue" },
      deleted: false,
      commit: { sha: "1".repeat(40), message: null, author: null, url: null, timestamp: null },
      before: null,
      status: "true",
      action: "12",
      paths: ["a", "b"],
      sender: "blue",
      payload,
    });
  });

  it("take the sender's name where they give none, if it is one of ours", () => {
    const named = (name: string) =>
      eventOf({
        kind: "generic",
        options: { event_header: "X-Event" },
        headers: { "x-event": name },
        payload: {},
      });
    expect(named("build")).toMatchObject({ name: "build", senderName: "build" });
    expect(named("something")).toMatchObject({ name: "other", senderName: "something" });
    expect(named("constructor")).toMatchObject({ name: "other", senderName: "constructor" });
  });

  it("see only the headers that are stored", () => {
    expect(event({ status: "headers.?other.orValue('none')" }, {})).toMatchObject({ status: "none" });
    const source = bind({ kind: "generic", options: { fields: { status: "headers['x-other']" } } });
    expect(source.describe({ headers: { "x-other": "no" }, body: BODY })).toEqual({
      ok: false,
      reason: "fields.status: No such key: x-other",
    });
    expect(event({ status: "headers['content-type']" }, {})).toMatchObject({ status: "application/json" });
  });

  it.each([
    ["a list", { branch: "payload.list" }, "fields.branch: it is a list, not a text"],
    ["a map", { branch: "payload.map" }, "fields.branch: it is a map, not a text"],
    ["no list", { paths: "payload.text" }, "fields.paths: it is a string, not a list"],
    [
      "a number that lost its end",
      { commit: "payload.big" },
      "fields.commit: it is a number too large to be exact, not a text",
    ],
    ["nothing there", { tag: "payload.nope" }, "fields.tag: No such key: nope"],
    [
      "two failures",
      { tag: "payload.a", branch: "payload.b" },
      "fields.branch: No such key: b; fields.tag: No such key: a",
    ],
    ["an inherited key", { tag: "payload.constructor" }, "fields.tag: No such key: constructor"],
  ])("that give %s make the delivery unusable", (_title, fields, reason) => {
    const source = bind({ kind: "generic", options: { fields } });
    const payload = '{"list":[],"map":{},"text":"x","big":12345678901234567890}';
    expect(source.describe({ headers: {}, body: Buffer.from(payload) })).toEqual({ ok: false, reason });
  });

  it.each(["null", "payload.?nope", "''"])("that give %s leave it empty", (expression) => {
    expect(event({ branch: expression, paths: expression === "''" ? "[]" : expression }, {})).toMatchObject({
      branch: null,
    });
  });
});
