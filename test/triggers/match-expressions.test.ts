import { describe, expect, it } from "vitest";
import { matchActions } from "../../src/triggers/match.ts";
import { containing, including } from "../support/like.ts";
import { action, event, failed, MATCHED, param, rule, verdict } from "./build.ts";

describe("when", () => {
  it.each<readonly [string, object]>([
    ["event.branch == 'main'", MATCHED],
    [
      "event.commit.message.contains('[skip deploy]')",
      failed("when", "event.commit.message.contains('[skip deploy]') is false"),
    ],
    ["event.payload.n == 5", MATCHED],
    ["event.payload.n + 1.0 == 6.0", MATCHED],
    ["event.clone_url.endsWith('.git') && event.sender_name == 'push'", MATCHED],
    ["event.paths.exists(p, p.endsWith('.md'))", MATCHED],
    ["event.paths.all(p, p.matches('^README'))", MATCHED],
    ["has(event.payload.nope)", failed("when", "has(event.payload.nope) is false")],
    ["event.?payload.?nope.orValue(true)", MATCHED],
    ["event.tag == null", MATCHED],
    ["event.branch", failed("when", 'event.branch is "main", not true')],
    ["1", failed("when", 'is "1", not true')],
    ["event.tag", failed("when", "event.tag is null, not true")],
    ["event.paths", failed("when", "event.paths is a list, not true")],
    ["[1, 2]", failed("when", "[1, 2] is a list, not true")],
    ["event", failed("when", "event is a map, not true")],
    ["event.payload.nope", failed("when", "event.payload.nope can't be evaluated: No such key: nope")],
    ["event.payload.constructor", failed("when", "No such key: constructor")],
    ["event.payload.__proto__.toString", failed("when", "No such key: __proto__")],
    ["event.branch > 1", failed("when", "can't be evaluated: no such overload")],
    ["nothing", failed("when", "nothing can't be evaluated: Unknown variable: nothing")],
    ["event.branch.matches(event.payload.pattern)", failed("when", "( is not a regular expression of RE2")],
  ])("%s", (when, expected) => {
    const reason = verdict({ when }, { payload: { n: 5, pattern: "(" } });
    const { explanation } = { explanation: "", ...expected };
    expect(reason).toMatchObject({ ...expected, explanation: containing(explanation) });
  });

  it("is not held up by a text made for that", () => {
    const message = `${"a".repeat(50_000)}!`;
    const change = { commit: { sha: "a", message, author: null, url: null, timestamp: null } };
    for (const pattern of ["(a+)+$", "(a|aa)+$", "^(a*)*$", "a.*a.*a.*b"]) {
      expect(verdict({ when: `event.commit.message.matches("${pattern}")` }, change)).toMatchObject({
        failed: "when",
      });
    }
  });

  it("does not search a text without end", () => {
    const change = {
      commit: { sha: "a", message: "a".repeat(300_000), author: null, url: null, timestamp: null },
    };
    expect(verdict({ when: 'event.commit.message.matches("a")' }, change)?.explanation).toContain(
      "matches() takes at most 262144 characters of text",
    );
  });
});

describe("params", () => {
  const sha = param({ pattern: "[0-9a-f]{40}" });
  const start = (
    withParams: Record<string, string>,
    params: Parameters<typeof action>[0] = {},
    change = {},
  ) =>
    matchActions({
      event: event(change),
      actions: [action({ params: { sha }, ...params, on: [rule({ with: withParams })] })],
    });

  it("are what the expressions say", () => {
    const params = { sha, note: param(), count: param(), flag: param(), stage: param({ default: "test" }) };
    const given = {
      sha: "event.commit.sha",
      note: "'by ' + event.sender",
      count: "event.payload.count",
      flag: "event.deleted",
      stage: "event.tag",
    };
    const { matches } = start(given, { params }, { payload: { count: 3 } });
    expect(matches).toEqual([
      {
        action: including({ name: "deploy" }),
        rule: 0,
        // Null counts as not given.
        params: { sha: "a".repeat(40), note: "by octo", count: "3", flag: "false", stage: "test" },
        correlation: {},
      },
    ]);
  });

  it.each([
    ["null", "event.tag", "params", "sha is missing"],
    ["an optional that is not there", "event.payload.?nope", "params", "sha is missing"],
    ["a list", "event.paths", "with", "sha would be a list, not a text"],
    ["a map", "event.commit", "with", "sha would be a map, not a text"],
    ["a key that is not there", "event.payload.nope", "with", "No such key: nope"],
    [
      "a number that lost its end",
      "event.payload.big",
      "with",
      "sha would be a number too large to be exact, not a text",
    ],
    [
      "no number",
      "event.payload.infinite",
      "with",
      "sha would be a number too large to be exact, not a text",
    ],
    [
      "a text that the pattern refuses",
      "event.branch",
      "params",
      'sha is "main", which does not match [0-9a-f]{40}',
    ],
    [
      "a leading dash",
      "'-' + event.commit.sha",
      "params",
      'sha starts with "-" and could pass for an option',
    ],
    ["a newline after it", "event.commit.sha + '\\n'", "params", "which does not match [0-9a-f]{40}"],
    ["a NUL", "event.payload.nul", "params", "sha has a NUL character, which no command can take"],
    ["a text too long", "event.payload.long", "params", "sha is longer than 4096 characters"],
  ])("refuse %s", (_title, expression, test, explanation) => {
    const payload: unknown = JSON.parse('{"big":12345678901234567890,"infinite":1e999,"nul":"a\\u0000b"}');
    const { matches, reasons } = start(
      { sha: expression },
      {},
      { payload: Object.assign({}, payload, { long: "a".repeat(5_000) }) },
    );
    expect(matches).toEqual([]);
    expect(reasons).toEqual([{ action: "deploy", rule: 0, ...failed(test, containing(explanation)) }]);
  });

  it("keep whole numbers exact that CEL itself counts", () => {
    const { matches } = start({ sha: "9007199254740993" }, { params: { sha: param() } });
    expect(matches[0]?.params).toEqual({ sha: "9007199254740993" });
  });

  it("say all that is wrong at once, and suggest a name", () => {
    const { reasons } = start({ sah: "event.commit.sha" });
    expect(reasons[0]).toMatchObject(
      failed("params", "there is no param sah; did you mean sha?; sha is missing"),
    );
  });
});
