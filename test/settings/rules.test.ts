import { describe, expect, it } from "vitest";
import { EVENT_FIELDS } from "../../src/domain/event.ts";
import { problemsOf, withSteps } from "./settings-file.ts";

const SECRET = "secret: 0123456789abcdef";
const VARIABLE = "expected a name of letters, digits and `_` that starts with no digit";
const FIELDS = EVENT_FIELDS.join(", ");

type Case = readonly [what: string, text: string, ...problems: string[]];

const action = (rest: string, rule = ""): string =>
  `sources: { app: { kind: github, ${SECRET} } }\nactions:\n  a:\n    ${rest}\n    on: [{ source: app${rule} }]\n    steps: [{ run: [x] }]`;

const rules: readonly Case[] = [
  [
    "an unknown source",
    action("timeout: 1m").replace("source: app", "source: ap"),
    '5:12 actions.a.on[0].source: there is no source ap; did you mean "app"?',
  ],
  [
    "globs that are none",
    action("timeout: 1m", ", branch: '', tag: '[', paths: ['a/**', '{b']"),
    '5:25 actions.a.on[0].branch: "" is not a glob: it is empty',
    '5:37 actions.a.on[0].tag: "[" is not a glob: the [ at character 1 is not closed',
    '5:47 actions.a.on[0].paths: "{b" is not a glob: the { at character 1 is not closed',
  ],
  [
    "patterns of commit messages that RE2 does not have",
    action("skip_if_commit_message: '(?!x)'", ", skip_if_commit_message: [ok, '(']"),
    "4:5 actions.a.skip_if_commit_message: (?!x) is not a regular expression of RE2: invalid or unsupported Perl syntax at (?!",
    "5:25 actions.a.on[0].skip_if_commit_message: ( is not a regular expression of RE2: missing closing )",
  ],
  [
    "expressions that can't be read",
    action("params: { x: {} }", ", when: 'event.ref ==', with: { x: 'event.' }"),
    "5:25 actions.a.on[0].when: Unexpected token: EOF (at character 13)",
    "5:55 actions.a.on[0].with.x: Expected IDENTIFIER, got EOF (at character 7)",
  ],
  [
    "expressions over what there is not",
    action("params: { x: {}, y: {} }", ", when: 'params.x == 1', with: { x: event.brnch, y: event.zzzzzz }"),
    "5:25 actions.a.on[0].when: Unknown variable: params (at character 1); known here: event",
    "5:56 actions.a.on[0].with.x: an event has no brnch; did you mean event.branch?",
    `5:72 actions.a.on[0].with.y: an event has no zzzzzz; it has ${FIELDS}`,
  ],
  [
    "expressions that add a text and a number",
    action("timeout: 1m", ", when: '1 + \"a\" == event.ref'"),
    "5:25 actions.a.on[0].when: no such overload: int + string (at character 1)",
  ],
  [
    "expressions written as templates",
    action("params: { x: {} }", ", with: { x: '${{ event.ref }}' }"),
    "5:33 actions.a.on[0].with.x: an expression stands here without ${{ }}",
  ],
  [
    "params that it does not give, or the action does not have",
    action(
      "params: { sha: {}, note: { required: false }, env: { default: x } }",
      ", with: { sah: event.ref }",
    ),
    "5:10 actions.a.on[0]: the rule gives no value to the required param sha; add it under with",
    '5:33 actions.a.on[0].with.sah: the action has no param sah; did you mean "sha"?',
  ],
  [
    "patterns and defaults of params",
    "actions:\n  a:\n    params:\n      1x: {}\n      b: { pattern: '(' }\n      c: { pattern: 'a)(b' }\n      d: { pattern: a, default: ab }\n" +
      "      e: { default: -rf }\n      f: { default: 3 }\n    steps: [{ run: [x] }]",
    `4:7 actions.a.params.1x: ${VARIABLE}`,
    "5:12 actions.a.params.b.pattern: ( is not a regular expression of RE2: missing closing )",
    "6:12 actions.a.params.c.pattern: a)(b is not a regular expression of RE2: unexpected )",
    "7:24 actions.a.params.d.default: the default does not match a",
    "8:12 actions.a.params.e.default: the default starts with `-`, which needs allow_leading_dash: true",
    "9:12 actions.a.params.f.default: expected a text, not a number",
  ],
  [
    "expressions of generic",
    `sources: { a: { kind: generic, ${SECRET}, fields: { ref: payload., tag: foo.bar } } }`,
    "1:68 sources.a.fields.ref: expected IDENTIFIER, got EOF (at character 9)",
    "1:83 sources.a.fields.tag: unknown variable: foo (at character 1); known here: payload, headers",
  ],
];

const order: readonly Case[] = [
  [
    "a step longer than its action",
    "actions:\n  a:\n    timeout: 10m\n    steps: [{ run: [x], timeout: 10m1s }, { run: [y], timeout: 10m }]",
    "4:25 actions.a.steps[0].timeout: longer than the action's timeout of 10m, which would end it first",
  ],
  [
    "a step longer than the default",
    withSteps("[{ run: [x], timeout: 2h }]"),
    "3:25 actions.a.steps[0].timeout: longer than the action's timeout of 1h, which would end it first",
  ],
  [
    "a progress that goes back",
    withSteps("[{ run: [x], progress: 50 }, { run: [y] }, { run: [z], progress: 40 }]"),
    "3:67 actions.a.steps[2].progress: progress never goes back, and a step before it reaches 50",
  ],
  [
    "two steps of one name",
    withSteps("[{ run: [x], name: n }, { run: [y], name: n }]"),
    "3:48 actions.a.steps[1].name: another step is called n",
  ],
];

describe.each([
  ["what starts an action:", rules],
  ["what can't be:", order],
] as const)("%s", (_group, cases) => {
  it.each(cases)("%s", async (_what, text, ...problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });
});
