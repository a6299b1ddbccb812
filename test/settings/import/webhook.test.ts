import { describe, expect, it } from "vitest";
import { AppError } from "../../../src/domain/errors.ts";
import { importWebhook } from "../../../src/settings/import/webhook.ts";
import { containing, including, matching } from "../../support/like.ts";
import { importedHooks, SECRET } from "./imported.ts";

const hook = (rest: Record<string, unknown> = {}) => ({
  id: "site",
  "execute-command": "/srv/deploy",
  ...rest,
});
const header = (name: string) => ({ source: "header", name });
const payload = (name: string) => ({ source: "payload", name });
const match = (rest: Record<string, unknown>) => ({ match: rest });
const hmac = (algorithm: string, name: string, secret = SECRET) =>
  match({ type: `payload-hmac-${algorithm}`, secret, parameter: header(name) });
const equal = (parameter: unknown, value: unknown) => match({ type: "value", value, parameter });

/** What one hook with that rule becomes, and the notes about it. */
function made(rest: Record<string, unknown>) {
  const { sources, actions, notes } = importedHooks([hook(rest)]);
  const [, ...about] = notes;
  const action = actions["site"] ?? {};
  const on: unknown = Array.isArray(action["on"]) ? action["on"][0] : null;
  return { source: sources["site"], action, rule: on, notes: about };
}
const ruled = (rule: unknown) => made({ "trigger-rule": rule });

describe("what proves a hook's sender", () => {
  it.each([
    ["sha1 of GitHub", hmac("sha1", "X-Hub-Signature"), { kind: "github", algorithm: "sha1" }],
    ["sha256 of GitHub", hmac("sha256", "X-Hub-Signature-256"), { kind: "github" }],
    [
      "the older name of it",
      match({ type: "payload-hash-sha256", secret: SECRET, parameter: header("x-hub-signature-256") }),
      { kind: "github" },
    ],
    ["sha256 of Bitbucket", hmac("sha256", "X-Hub-Signature"), { kind: "bitbucket" }],
    ["sha256 of Gitea", hmac("sha256", "X-Gitea-Signature"), { kind: "gitea" }],
    ["sha256 of Gogs", hmac("sha256", "X-Gogs-Signature"), { kind: "gogs" }],
    ["a token of GitLab", equal(header("X-Gitlab-Token"), SECRET), { kind: "gitlab" }],
    ["a secret in the body", equal(payload("secret"), SECRET), { kind: "gogs", body_secret: true }],
    ["another token", equal(header("X-Api-Key"), SECRET), { kind: "generic", token_header: "x-api-key" }],
    [
      "a bearer token",
      equal(header("Authorization"), `Bearer ${SECRET}`),
      { kind: "generic", token_header: "authorization" },
    ],
    [
      "HTTP Basic",
      equal(header("Authorization"), `Basic ${Buffer.from(`me:${SECRET}`).toString("base64")}`),
      { kind: "generic", username: "me" },
    ],
    [
      "Scalr's signature",
      match({ type: "scalr-signature", secret: SECRET }),
      {
        kind: "generic",
        header: "X-Signature",
        algorithm: "sha1",
        prefix: "",
        signed: "{body}{timestamp}",
        timestamp_header: "Date",
        timestamp_format: "date",
      },
    ],
  ])("%s becomes the source's", (_title, rule, expected) => {
    const { source, rule: on, notes } = ruled(rule);
    expect(source).toEqual({ ...expected, path: "/hooks/site", secrets: [SECRET] });
    expect(on).toEqual({ source: "site" });
    expect(notes).toEqual([]);
  });

  it("of another HMAC it is said how its header is read", () => {
    const { source, notes } = ruled(hmac("sha512", "X-Sig"));
    expect(source).toEqual({
      kind: "generic",
      header: "x-sig",
      algorithm: "sha512",
      path: "/hooks/site",
      secrets: [SECRET],
    });
    expect(notes).toEqual([containing('say prefix: ""')]);
  });

  it("either of two secrets is enough, and of two signatures the stronger counts", () => {
    const or = [
      hmac("sha256", "X-Hub-Signature-256", "new-secret-0123456789"),
      hmac("sha256", "X-Hub-Signature-256"),
    ];
    expect(ruled({ or }).source).toMatchObject({
      kind: "github",
      secrets: ["new-secret-0123456789", SECRET],
    });
    const both = [hmac("sha1", "X-Hub-Signature"), hmac("sha256", "X-Hub-Signature-256")];
    expect(ruled({ or: both }).source).toEqual({ kind: "github", path: "/hooks/site", secrets: [SECRET] });
  });

  it("addresses become allow_from, beside a proof or alone", () => {
    const whitelist = match({ type: "ip-whitelist", "ip-range": "192.0.2.0/24 2001:db8::1" });
    const both = ruled({ and: [whitelist, hmac("sha256", "X-Hub-Signature-256")] });
    expect(both.source).toMatchObject({
      kind: "github",
      allow_from: ["192.0.2.0/24", "2001:db8::1"],
      secrets: [SECRET],
    });
    const alone = ruled(whitelist);
    expect(alone.source).toMatchObject({
      kind: "generic",
      unsafe_no_auth: true,
      allow_from: ["192.0.2.0/24", "2001:db8::1"],
    });
    expect(alone.notes).toContainEqual(containing("only the sender's address is checked"));
    const wrong = ruled(match({ type: "ip-whitelist", "ip-range": "everywhere" }));
    expect(wrong.notes).toContainEqual(containing('"everywhere" is no network'));
    expect(wrong.source).toMatchObject({ allow_from: ["192.0.2.0/32"] });
  });

  it("where there is none, that is said in so many words", () => {
    const { source, notes } = made({});
    expect(source).toEqual({ kind: "generic", unsafe_no_auth: true, path: "/hooks/site" });
    expect(notes).toEqual([containing("nothing proved its sender, so anybody can use it")]);
  });

  it("where it is empty, the source takes nothing that anybody could sign", () => {
    const { source, notes } = ruled(hmac("sha256", "X-Hub-Signature-256", ""));
    expect(source).toMatchObject({ kind: "github", secrets: [matching(/^[0-9a-f]{64}$/)] });
    expect(notes).toEqual([containing("its secret was empty")]);
  });

  it.each([
    [
      "beside something else that is enough",
      { or: [hmac("sha256", "X-Hub-Signature-256"), equal(payload("ref"), "x")] },
    ],
    ["turned round", { not: hmac("sha256", "X-Hub-Signature-256") }],
    [
      "of another value than a header",
      match({ type: "payload-hmac-sha256", secret: SECRET, parameter: payload("sig") }),
    ],
    [
      "over more than the body",
      match({
        type: "payload-hmac-sha256",
        secret: SECRET,
        parameter: { ...header("X-Sig"), "headers-to-add-to-signature-payload": ["Date"] },
      }),
    ],
  ])("%s, it closes the source instead of opening it", (_title, rule) => {
    const { source, rule: on, notes } = ruled(rule);
    expect(source).toEqual({ kind: "generic", path: "/hooks/site", secrets: [matching(/^[0-9a-f]{64}$/)] });
    expect(on).toEqual({ source: "site", when: "false" });
    expect(notes).toEqual([containing("the source takes nothing until you write it anew")]);
  });

  it("of two proofs the stronger stays, and the other is told of", () => {
    const { source, notes } = ruled({
      and: [equal(header("X-Token"), "t"), hmac("sha256", "X-Hub-Signature-256")],
    });
    expect(source).toEqual({ kind: "github", path: "/hooks/site", secrets: [SECRET] });
    expect(notes).toEqual([containing("the token is not checked here, only the hmac")]);
  });
});

describe("the rest of a trigger-rule", () => {
  it.each([
    [equal(payload("ref"), "refs/heads/main"), 'as_text(event.payload.?ref) == "refs/heads/main"'],
    [equal(payload("a.0.b-c.in"), 7), 'as_text(event.payload.?a[?0][?"b-c"][?"in"]) == "7"'],
    [
      match({ type: "regex", regex: "^v\\d+$", parameter: payload("tag") }),
      'as_text(event.payload.?tag).matches("^v\\\\d+$")',
    ],
    [{ not: equal(payload("a"), "1") }, '!(as_text(event.payload.?a) == "1")'],
    [
      { and: [equal(payload("a"), "1"), { or: [equal(payload("b"), "2"), equal(payload("c"), "3")] }] },
      'as_text(event.payload.?a) == "1" && (as_text(event.payload.?b) == "2" || as_text(event.payload.?c) == "3")',
    ],
    [{ or: [] }, "false"],
    [{}, "false"],
    [equal({ source: "request", name: "method" }, "POST"), '"POST" == "POST"'],
  ])("%j becomes one expression", (rule, when) => {
    expect(ruled(rule).rule).toEqual({ source: "site", when });
  });

  it("reads headers, which the source then keeps", () => {
    const { source, rule } = ruled({ and: [hmac("sha256", "X-Sig2"), equal(header("X-Event"), "deploy")] });
    expect(rule).toMatchObject({ when: 'as_text(event.headers[?"x-event"]) == "deploy"' });
    expect(source).toMatchObject({ kind: "generic", header: "x-sig2", keep_headers: ["x-event"] });
    const known = ruled({
      and: [hmac("sha256", "X-Hub-Signature-256"), equal(header("X-GitHub-Event"), "push")],
    });
    expect(known.source).toEqual({ kind: "github", path: "/hooks/site", secrets: [SECRET] });
    const other = ruled({ and: [hmac("sha256", "X-Hub-Signature-256"), equal(header("X-Other"), "x")] });
    expect(other.source).toMatchObject({
      kind: "generic",
      header: "x-hub-signature-256",
      keep_headers: ["x-other"],
    });
  });

  it("reads the query, which the source then keeps, and may hold the secret, though it should not", () => {
    const live = equal({ source: "url", name: "Env" }, "live");
    const read = ruled({ and: [hmac("sha256", "X-Hub-Signature-256"), live] });
    expect(read.rule).toMatchObject({ when: 'as_text(event.headers[?"?Env"]) == "live"' });
    expect(read.source).toMatchObject({ kind: "generic", keep_headers: ["?Env"] });
    const secret = ruled(equal({ source: "query", name: "token" }, SECRET));
    expect(secret.source).toEqual({
      kind: "generic",
      token_header: "?token",
      path: "/hooks/site",
      secrets: [SECRET],
    });
    expect(secret.notes).toEqual([containing("its secret stands in the URL")]);
  });

  it.each([
    [
      "an odd parameter",
      equal({ source: "url", name: "a b" }, "42"),
      "no parameter of the query can be called so",
    ],
    [
      "the sender's port",
      equal({ source: "request", name: "remote-addr" }, "x"),
      "does not have the request's remote-addr",
    ],
    ["a test that there never was", match({ type: "other", parameter: payload("x") }), 'no test "other"'],
  ])("that needs %s starts nothing, and says so, also where it is turned round", (_title, rule, reason) => {
    for (const each of [rule, { not: rule }, { or: [rule, equal(payload("a"), "b")] }]) {
      const { rule: on, notes } = ruled({ and: [hmac("sha256", "X-Hub-Signature-256"), each] });
      expect(on).toEqual({ source: "site", when: "false" });
      expect(notes).toEqual([containing(reason)]);
    }
  });
});

describe("a hook's command", () => {
  const proof = { "trigger-rule": hmac("sha256", "X-Hub-Signature-256") };

  it("gets the arguments and variables that it got", () => {
    const { action, rule, notes } = made({
      ...proof,
      "command-working-directory": "/srv/${HOME}",
      "pass-arguments-to-command": [
        payload("head.id"),
        { source: "string", name: "${{ x }}" },
        payload("head.id"),
        { source: "entire-payload" },
      ],
      "pass-environment-to-command": [
        { ...payload("head.id"), envname: "ID" },
        payload("user.name"),
        { source: "string", name: "$X ${Y}", envname: "S" },
      ],
    });
    expect(rule).toMatchObject({
      with: { head_id: "as_text(event.payload.?head.?id)", user_name: "as_text(event.payload.?user.?name)" },
    });
    expect(action).toMatchObject({
      params: { head_id: { default: "" }, user_name: { default: "" } },
      concurrency: { policy: "parallel" },
      workdir: "/srv/$${HOME}",
      env: { ID: "${{ params.head_id }}", HOOK_user_name: "${{ params.user_name }}", S: "$X $${Y}" },
      steps: [
        {
          run: [
            "/srv/deploy",
            "${{ params.head_id }}",
            '${{ "$" }}{{ x }}',
            "${{ params.head_id }}",
            "${{ as_text(event.payload) }}",
          ],
        },
      ],
    });
    expect(notes).toEqual([
      'hook site: the variable "HOOK_user.name" is called HOOK_user_name here',
      containing("a value that begins with - or is longer"),
    ]);
  });

  it("gets files, by their names in variables", () => {
    const { action, notes } = made({
      ...proof,
      "pass-file-to-command": [{ ...payload("data"), base64decode: true }],
    });
    expect(action).toMatchObject({
      env: { FILE_CONTENT_1: "${{ as_text(event.payload.?data) }}" },
      steps: [{ run: ["sh", "-c", containing("HOOK_DATA=$(mktemp)"), "sh", "/srv/deploy"] }],
    });
    expect(notes).toEqual([containing("128 KiB")]);
  });

  it("gets nothing where there is nothing, and that is said", () => {
    const { action, notes } = made({
      ...proof,
      "pass-arguments-to-command": [
        { source: "entire-query" },
        { source: "raw-request-body" },
        { source: "entire-headers" },
      ],
    });
    expect(action).toMatchObject({
      steps: [{ run: ["/srv/deploy", "", "${{ as_text(event.payload) }}", "${{ as_text(event.headers) }}"] }],
    });
    expect(notes).toEqual([
      containing("an argument (entire-query ) is empty here"),
      containing("of the raw body"),
      containing("of the headers"),
    ]);
  });
});

describe("what has no place here is told, each with its reason", () => {
  it.each([
    [{ "response-message": "hi" }, "response-message is left out: "],
    [{ "response-headers": [{ name: "a", value: "b" }] }, "response-headers is left out: "],
    [{ "success-http-response-code": 201 }, "success-http-response-code is left out: "],
    [{ "include-command-output-in-response": true }, "include-command-output-in-response is left out: "],
    [{ "trigger-rule-mismatch-http-response-code": 400 }, "mismatch-http-response-code is left out: "],
    [{ "trigger-signature-soft-failures": true }, "soft-failures is left out: "],
    [{ "pre-hook-command": "x" }, "pre-hook-command is left out: "],
    [{ "http-methods": ["GET", "post "] }, "by POST alone, not by GET"],
    [{ "incoming-payload-content-type": "text/xml" }, "text/xml is not taken"],
    [
      { "incoming-payload-content-type": "application/x-www-form-urlencoded" },
      "of a form only the field payload is read",
    ],
    [{ "parse-parameters-as-json": [header("X")] }, "parse-parameters-as-json of header X is left out"],
    [{ nonsense: 1 }, "[0].nonsense: webhook did not know this key; it is left out"],
  ])("%j", (rest, note) => {
    const { notes } = importedHooks([
      hook({ ...rest, "trigger-rule": hmac("sha256", "X-Hub-Signature-256") }),
    ]);
    expect(notes.filter((each) => !each.includes("listens on every address"))).toEqual([containing(note)]);
  });

  it.each([
    { "http-methods": ["POST"] },
    { "include-command-output-in-response": false },
    { "incoming-payload-content-type": "application/json" },
    { "response-message": "" },
  ])("but not %j, which changes nothing", (rest) => {
    expect(made({ ...rest, "trigger-rule": hmac("sha256", "X-Hub-Signature-256") }).notes).toEqual([]);
  });
});

describe("a file of hooks", () => {
  it("may be YAML, have several hooks, and forms with JSON in payload", () => {
    const { sources, actions, settings } = importedHooks(`
- id: one
  execute-command: a
  parse-parameters-as-json: [{ source: payload, name: payload }]
  trigger-rule:
    and:
      - match: { type: value, value: passed, parameter: { source: payload, name: payload.state } }
      - match: { type: value, value: "${SECRET}", parameter: { source: header, name: X-Token } }
- { id: a/b, execute-command: b }
`);
    expect(Object.keys(sources)).toEqual(["one", "a-b"]);
    expect(sources["a-b"]).toMatchObject({ path: "/hooks/a/b" });
    expect(actions["one"]).toMatchObject({ on: [{ when: 'as_text(event.payload.?state) == "passed"' }] });
    expect(settings.server).toMatchObject({ host: "0.0.0.0", port: 9000 });
  });

  it.each([
    ["[", /1:2.*if it is|1:2/],
    ['[{"id":"x"}]', /execute-command: is missing/],
    ['{"id":"x"}', /expected a list/],
    ['[{"id":"x","execute-command":"y","trigger-rule":{"match":{}}}]', /type/],
  ])("that is none is refused, with the place: %s", (text, message) => {
    const run = () => importWebhook(text);
    expect(run).toThrow(AppError);
    expect(run).toThrow(including({ message: matching(message) }));
  });
});
