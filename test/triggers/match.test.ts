import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TriggerRule } from "../../src/domain/action.ts";
import { EVENT_NAMES, type HookEvent } from "../../src/domain/event.ts";
import { matchActions } from "../../src/triggers/match.ts";
import { action, event, failed, MATCHED, param, rule, verdict } from "./build.ts";

type Case = readonly [title: string, rule: Partial<TriggerRule>, event: Partial<HookEvent>, expected: object];

describe("each test of a rule", () => {
  it.each<Case>([
    ["an empty rule takes all", {}, {}, MATCHED],
    ["another source", { source: "other" }, {}, failed("source", "The source is app, not other")],
    ["our name of the event", { event: ["release", "push"] }, {}, MATCHED],
    ["the sender's name", { event: ["Push Hook"] }, { senderName: "Push Hook" }, MATCHED],
    [
      "names in another case",
      { event: ["Push"] },
      {},
      failed("event", "The event is push, which is none of Push"),
    ],
    [
      "another event, with both names",
      { event: ["tag", "release"] },
      { senderName: "Push Hook" },
      failed("event", "The event is push (Push Hook), which is none of tag, release"),
    ],
    ["a branch", { branch: ["main"] }, {}, MATCHED],
    ["one of several", { branch: ["develop", "main"] }, {}, MATCHED],
    [
      "another branch",
      { branch: ["develop", "x*"] },
      {},
      failed("branch", "The branch main does not match develop, x*"),
    ],
    ["no branch", { branch: ["**"] }, { branch: null }, failed("branch", "The event has no branch")],
    ["* stops at a slash", { branch: ["release/*"] }, { branch: "release/1" }, MATCHED],
    [
      "* stops at a slash, so deeper ones do not match",
      { branch: ["release/*"] },
      { branch: "release/1/fix" },
      failed("branch", "The branch release/1/fix does not match release/*"),
    ],
    ["** does not stop", { branch: ["release/**"] }, { branch: "release/1/fix" }, MATCHED],
    [
      "an exclusion wins, wherever it stands",
      { branch: ["!release/old", "release/*"] },
      { branch: "release/old" },
      failed("branch", "The branch release/old does not match !release/old, release/*"),
    ],
    ["exclusions alone take all else", { branch: ["!main"] }, { branch: "other" }, MATCHED],
    [
      "exclusions alone refuse theirs",
      { branch: ["!main"] },
      {},
      failed("branch", "The branch main does not match !main"),
    ],
    ["a tag", { tag: ["v*"] }, { branch: null, tag: "v1.0" }, MATCHED],
    ["no tag", { tag: ["v*"] }, {}, failed("tag", "The event has no tag")],
    ["a repository", { repository: ["octo/*"] }, {}, MATCHED],
    [
      "another repository",
      { repository: ["octo/web"] },
      {},
      failed("repository", "The repository octo/app does not match octo/web"),
    ],
    [
      "no repository",
      { repository: ["*/*"] },
      { repository: null },
      failed("repository", "The event has no repository"),
    ],
    ["one changed path", { paths: ["src/**"] }, { paths: ["README.md", "src/a/b.ts"] }, MATCHED],
    [
      "none of the changed paths",
      { paths: ["src/**", "*.ts"] },
      { paths: ["README.md", "a/b.ts"] },
      failed("paths", "None of the 2 changed paths matches src/**, *.ts"),
    ],
    [
      "only excluded paths",
      { paths: ["**", "!docs/**"] },
      { paths: ["docs/a.md"] },
      failed("paths", "None of the 1 changed paths matches **, !docs/**"),
    ],
    ["excluded paths beside others", { paths: ["!docs/**"] }, { paths: ["docs/a.md", "src/a.ts"] }, MATCHED],
    [
      "a push that changed nothing",
      { paths: ["**"] },
      { paths: [] },
      failed("paths", "None of the 0 changed paths matches **"),
    ],
    ["paths that nobody knows", { paths: ["src/**"] }, { paths: null }, MATCHED],
  ])("%s", (_title, definition, change, expected) => {
    expect(verdict(definition, change)).toEqual({ action: "deploy", rule: 0, ...expected });
  });

  it("names the first that failed, the cheap ones before the others", () => {
    const all = {
      source: "x",
      event: ["x"],
      branch: ["x"],
      tag: ["x"],
      repository: ["x"],
      paths: ["x"],
      when: "false",
    };
    const order = ["source", "event", "branch", "tag", "repository", "paths", "when"] as const;
    for (const [index, key] of order.entries()) {
      const open = Object.fromEntries(order.slice(0, index).map((name) => [name, rule()[name]]));
      expect(verdict({ ...all, ...open })).toMatchObject({ failed: key });
    }
  });

  it("quotes what the event says in short", () => {
    const long = "x".repeat(100_000);
    for (const definition of [
      { branch: ["a"] },
      { event: ["tag"] },
      { when: "event.branch" },
      { with: { sha: "event.branch" } },
    ]) {
      expect(
        verdict(definition, { branch: long, senderName: long, ref: long })?.explanation.length,
      ).toBeLessThan(400);
    }
  });
});

describe("a ref that was removed", () => {
  const deleted = { deleted: true, commit: null };
  const none = "was deleted; only a rule whose when speaks of event.deleted starts then";

  it("starts nothing", () => {
    expect(verdict({}, deleted)).toMatchObject(failed("deleted", `refs/heads/main ${none}`));
    expect(verdict({}, { ...deleted, ref: null })).toMatchObject(failed("deleted", `The ref ${none}`));
  });

  it("starts a rule that speaks of it, and that rule alone decides", () => {
    expect(verdict({ when: "event.deleted" }, deleted)).toMatchObject(MATCHED);
    expect(verdict({ when: "event.deleted" })).toMatchObject(failed("when", "event.deleted is false"));
    expect(verdict({ when: "!event.deleted" }, deleted)).toMatchObject(
      failed("when", "!event.deleted is false"),
    );
  });
});

describe("several rules and actions", () => {
  it("start each action once, by its first rule that holds, and explain every rule", () => {
    const actions = [
      action({ name: "one", on: [rule({ branch: ["x"] }), rule(), rule({ event: ["push"] })] }),
      action({ name: "two", on: [] }),
      action({ name: "three", on: [rule({ source: "other" })] }),
      action({ name: "four", on: [rule()] }),
    ];
    const { matches, reasons } = matchActions({ event: event(), actions });
    expect(matches.map((match) => [match.action.name, match.rule])).toEqual([
      ["one", 1],
      ["four", 0],
    ]);
    expect(reasons.map((reason) => [reason.action, reason.rule, reason.matched])).toEqual([
      ["one", 0, false],
      ["one", 1, true],
      ["one", 2, true],
      ["three", 0, false],
      ["four", 0, true],
    ]);
  });

  it("try the next rule when the params of one do not fit", () => {
    const params = { sha: param({ pattern: "[0-9a-f]{40}" }) };
    const on = [rule({ with: { sha: "event.branch" } }), rule({ with: { sha: "event.commit.sha" } })];
    expect(matchActions({ event: event(), actions: [action({ params, on })] }).matches).toMatchObject([
      { rule: 1 },
    ]);
  });
});

describe("whatever the event and the rules are", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("main", "push", "__proto__", "refs/heads/main"),
  );
  const maybe = fc.option(text);
  const anyEvent = fc.record({
    name: fc.constantFrom(...EVENT_NAMES),
    senderName: text,
    repository: maybe,
    ref: maybe,
    branch: maybe,
    tag: maybe,
    deleted: fc.boolean(),
    status: maybe,
    paths: fc.option(fc.array(text)),
    payload: fc.jsonValue(),
  });
  const globs = fc.array(fc.constantFrom("main", "*", "**", "!x", "release/**", "{a,b}*", "[!a]?"), {
    maxLength: 2,
  });
  const expressions = fc.constantFrom(
    "event.deleted",
    "event.payload.a.b",
    "event.payload",
    "event.branch.matches('^a+')",
    "event.paths.exists(p, p.startsWith('a'))",
    "event.commit.sha",
    "event.payload.size() > 0",
    "event.payload[0]",
    "event.payload.a + 1",
    "nope(",
  );
  const anyRule = fc.record({
    source: fc.constantFrom("app", "other"),
    event: fc.array(text, { maxLength: 2 }),
    branch: globs,
    tag: globs,
    repository: globs,
    paths: globs,
    skipIfCommitMessage: fc.array(fc.constantFrom("^a", "skip", "(?i)[a-c]+$"), { maxLength: 2 }),
    drafts: fc.boolean(),
    forks: fc.boolean(),
    when: fc.option(expressions),
    with: fc.dictionary(fc.constantFrom("sha", "other"), expressions, { maxKeys: 2 }),
    correlation: fc.dictionary(fc.constantFrom("ticket"), expressions, { maxKeys: 1 }),
  });

  it("never throws, and every rule gets exactly one reason", () => {
    fc.assert(
      fc.property(
        anyEvent,
        fc.array(fc.array(anyRule, { maxLength: 3 }), { maxLength: 3 }),
        (change, rules) => {
          const actions = rules.map((on, index) =>
            action({ name: `action-${index}`, on, params: { sha: param({ required: false }) } }),
          );
          const { matches, reasons } = matchActions({ event: event(change), actions });
          expect(reasons.map(({ action: name, rule: index }) => `${name}/${index}`)).toEqual(
            actions.flatMap(({ name, on }) => on.map((_, index) => `${name}/${index}`)),
          );
          for (const reason of reasons) {
            expect(reason.explanation).not.toBe("");
            expect(reason.matched).toBe(reason.failed === null);
          }
          const started = reasons.filter(({ matched }) => matched).map(({ action: name }) => name);
          expect(matches.map((match) => match.action.name)).toEqual([...new Set(started)]);
        },
      ),
      { numRuns: 400 },
    );
  });
});
