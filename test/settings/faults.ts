import { settingsSchema } from "../../src/settings/schema.ts";
import { sourceKinds } from "../../src/sources/registry.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import { withSteps } from "./settings-file.ts";

const SECRET = "secret: 0123456789abcdef";
const KINDS = [...stepKinds.keys()].join(", ");
const SOURCE_KINDS = [...sourceKinds.keys()].join(", ");
const TOP = Object.keys(settingsSchema().shape).join(", ");
const NAME = "expected a name of letters, digits, `.`, `_` and `-` that starts with a letter or digit";
const VARIABLE = "expected a name of letters, digits and `_` that starts with no digit";
const DURATION = "expected a duration such as 30s, 10m or 1h30m";

/** What it is about, the text, and the lines that a person sees. */
export type Fault = readonly [what: string, text: string, ...problems: string[]];

export const unknownKeys: readonly Fault[] = [
  ["at the top", "sevrer: {}", '1:1 sevrer: unknown key; did you mean "server"?'],
  ["like none", "zzzzzzzz: {}", `1:1 zzzzzzzz: unknown key; known here: ${TOP}`],
  ["in server", "server: { lisen: x }", '1:11 server.lisen: unknown key; did you mean "listen"?'],
  [
    "common to all sources",
    `sources: { a: { kind: github, secrts: [x], ${SECRET} } }`,
    '1:31 sources.a.secrts: unknown key; did you mean "secrets"?',
  ],
  [
    "of a kind of source",
    `sources: { a: { kind: github, ${SECRET}, algoritm: sha1 } }`,
    '1:57 sources.a.algoritm: unknown key; did you mean "algorithm"?',
  ],
  [
    "of another kind of source",
    `sources: { a: { kind: github, ${SECRET}, body_secret: true } }`,
    "1:57 sources.a.body_secret: unknown key; known here: kind, path, allow_from, rate_limit, body_limit, secret, secrets, secret_name, unsafe_no_auth, recover, algorithm",
  ],
  [
    "among fields of generic",
    `sources: { a: { kind: generic, ${SECRET}, fields: { brnch: payload.x } } }`,
    '1:68 sources.a.fields.brnch: unknown key; did you mean "branch"?',
  ],
  [
    "in a file that holds a secret",
    "kapp: { token_hash: { fle: x } }",
    "1:9 kapp.token_hash.file: is missing; expected a text",
    '1:23 kapp.token_hash.fle: unknown key; did you mean "file"?',
  ],
  [
    "of an action",
    "actions: { a: { stepz: [], steps: [{ run: [x] }] } }",
    '1:17 actions.a.stepz: unknown key; did you mean "steps"?',
  ],
  [
    "of a rule, a param and concurrency",
    "actions:\n  a:\n    on: [{ source: s, brnch: main }]\n    params: { p: { patern: x } }\n" +
      "    concurrency: { grup: x }\n    steps: [{ run: [x] }]",
    '3:23 actions.a.on[0].brnch: unknown key; did you mean "branch"?',
    '4:20 actions.a.params.p.patern: unknown key; did you mean "pattern"?',
    '5:20 actions.a.concurrency.grup: unknown key; did you mean "group"?',
  ],
  [
    "instead of a kind of step",
    withSteps("[{ rn: [x] }]"),
    `3:15 actions.a.steps[0].rn: unknown key; expected one of ${KINDS}; did you mean "run"?`,
  ],
  [
    "beside a kind of step",
    withSteps("[{ run: [x], retires: 2 }]"),
    '3:25 actions.a.steps[0].retires: unknown key; did you mean "retries"?',
  ],
  [
    "within a kind of step",
    withSteps("[{ git: { ref: x, submodule: true } }]"),
    '3:30 actions.a.steps[0].git.submodule: unknown key; did you mean "submodules"?',
  ],
  [
    "within one form of a kind of step",
    withSteps("[{ run: { argv: [x], outptu: y } }]"),
    '3:33 actions.a.steps[0].run.outptu: unknown key; did you mean "output"?',
  ],
  [
    "that only a step has, in its undo",
    withSteps("[{ run: [x], undo: { run: [y], progress: 3 } }]"),
    "3:43 actions.a.steps[0].undo.progress: unknown key; known here: name, env, workdir, user, sandbox, timeout, retries, run",
  ],
];

export const wrongTypes: readonly Fault[] = [
  ["a list at the top", "- a", "1:1: expected a map with the keys sources and actions"],
  ["a number at the top", "3", "1:1: expected a map with the keys sources and actions"],
  ["no map of sources", "sources: [a]", "1:1 sources: expected a map: name → source"],
  ["no map of actions", "actions: 3", "1:1 actions: expected a map: name → action"],
  ["a source that is nothing", "sources: { a: }", "1:12 sources.a: expected a map with kind and secrets"],
  ["an action that is nothing", "actions: { a: }", "1:12 actions.a: expected a map with steps"],
  ["a name with a space", `sources: { "b c": { kind: github, ${SECRET} } }`, `1:12 sources["b c"]: ${NAME}`],
  ["a name that is an option", "actions: { -x: { steps: [{ run: [x] }] } }", `1:12 actions.-x: ${NAME}`],
  ["a number for a map", "server: 3", "1:1 server: expected a map, not a number"],
  ["a number for a text", "server: { listen: 8080 }", "1:11 server.listen: expected a text, not a number"],
  [
    "a text for a number",
    "work: { concurrency: many }",
    "1:9 work.concurrency: expected a number, not a text",
  ],
  ["a broken number", "work: { concurrency: 1.5 }", "1:9 work.concurrency: expected a whole number"],
  ["too small a number", "work: { concurrency: 0 }", "1:9 work.concurrency: expected a number of at least 1"],
  [
    "too large a number",
    "work: { concurrency: 9999 }",
    "1:9 work.concurrency: expected a number of at most 1000",
  ],
  ["an empty text", "work: { dir: '' }", "1:9 work.dir: expected a text that is not empty"],
  [
    "no address",
    "server: { listen: localhost }",
    "1:11 server.listen: expected an address such as 127.0.0.1:8080 or [::1]:8080",
  ],
  [
    "a port that is none",
    "server: { listen: '127.0.0.1:65536' }",
    "1:11 server.listen: the port must be a number from 0 to 65535",
  ],
  [
    "another database",
    "store: mysql:x",
    "1:1 store: expected sqlite: and a path, such as sqlite:./data/hookwright.db, or postgres://USER:PASSWORD@HOST/DATABASE",
  ],
  [
    "sizes, durations and URLs",
    "server: { max_buffered: 10, request_timeout: 0s, drain_timeout: 5 minutes, public_url: foo }",
    "1:11 server.max_buffered: expected a size such as 25MB or 5MiB",
    "1:29 server.request_timeout: expected a duration longer than nothing",
    `1:50 server.drain_timeout: ${DURATION}`,
    "1:76 server.public_url: expected a URL such as https://hooks.example.com",
  ],
  [
    "parts of an action",
    "actions:\n  a:\n    timeout: 10\n    grace: -1s\n    on_crash: retyr\n    max_log: 3 MB\n    workdir: ''\n" +
      "    env: { 1X: a, HOOKWRIGHT_X: b, Y: [z] }\n    params: 3\n    on: 3\n    concurrency: quue\n    steps: []",
    `3:5 actions.a.timeout: ${DURATION}`,
    `4:5 actions.a.grace: ${DURATION}`,
    '5:5 actions.a.on_crash: expected lost or retry; did you mean "retry"?',
    "6:5 actions.a.max_log: expected a size such as 25MB or 5MiB",
    "7:5 actions.a.workdir: expected a text that is not empty",
    `8:12 actions.a.env.1X: ${VARIABLE}`,
    "8:19 actions.a.env.HOOKWRIGHT_X: names that start with HOOKWRIGHT_ are taken",
    "8:36 actions.a.env.Y: expected a text or a number or true or false or a map, not a list",
    "9:5 actions.a.params: expected a map, not a number",
    "10:5 actions.a.on: expected a list, not a number",
    "11:5 actions.a.concurrency: expected a map, not a text",
    "12:5 actions.a.steps: expected a list with at least one step",
  ],
  [
    "parts of a step",
    withSteps(
      "\n      - { run: [x], progress: -1, retries: -1, timeout: 0s, name: '', continue_on_error: 'yes' }\n      - 3\n",
    ),
    "4:21 actions.a.steps[0].progress: expected a number of at least 0",
    "4:35 actions.a.steps[0].retries: expected a number of at least 0",
    "4:48 actions.a.steps[0].timeout: expected a duration longer than nothing",
    "4:61 actions.a.steps[0].name: expected a text that is not empty",
    "4:71 actions.a.steps[0].continue_on_error: expected true or false, not a text",
    `5:9 actions.a.steps[1]: expected a map with one of ${KINDS}`,
  ],
  [
    "options of steps",
    withSteps(
      "\n      - run: npm ci\n      - run: []\n      - run: ['']\n      - run: [1]\n      - shell: ''\n      - git: {}\n" +
        "      - git: { ref: x, repository: 'ext::x', depth: 0 }\n      - verify-commit: { repository: x, sha: y }\n",
    ),
    "4:9 actions.a.steps[0].run: expected a list such as [npm, ci]; a line for a shell goes under `shell`",
    "5:9 actions.a.steps[1].run[0]: is missing; expected a text",
    "6:15 actions.a.steps[2].run[0]: the command must not be empty",
    "7:15 actions.a.steps[3].run[0]: expected a text, not a number",
    "8:9 actions.a.steps[4].shell: the script must not be empty",
    "9:9 actions.a.steps[5].git.ref: is missing; expected a text",
    "10:24 actions.a.steps[6].git.repository: git can't be given this: transport helpers (ext::, fd::) are not used",
    "10:46 actions.a.steps[6].git.depth: expected a number of at least 1",
    "11:9 actions.a.steps[7].verify-commit.branch: is missing; expected a text",
    "11:26 actions.a.steps[7].verify-commit.repository: must be owner/name",
  ],
];

export const kinds: readonly Fault[] = [
  [
    "of source, misspelled",
    `sources: { a: { kind: githb, ${SECRET} } }`,
    `1:17 sources.a.kind: there is no kind githb; expected ${SOURCE_KINDS}; did you mean "github"?`,
  ],
  [
    "of source, missing",
    `sources: { a: { ${SECRET} } }`,
    `1:12 sources.a: the key kind is missing; expected ${SOURCE_KINDS}`,
  ],
  [
    "of source, no text",
    `sources: { a: { kind: 3, ${SECRET} } }`,
    `1:17 sources.a.kind: expected ${SOURCE_KINDS}`,
  ],
  [
    "of step, missing",
    withSteps("[{ name: x }]"),
    `3:13 actions.a.steps[0]: the step does nothing; expected one of ${KINDS}`,
  ],
  [
    "of step, two",
    withSteps("[{ run: [x], shell: y }]"),
    `3:13 actions.a.steps[0]: expected one of ${KINDS}; here are run and shell`,
  ],
  ["of step, none", "actions: { a: {} }", "1:12 actions.a.steps: the key steps is missing"],
];
