import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isObject } from "../../src/settings/check-value.ts";
import { plainJsonSchema, settingsJsonSchema } from "../../src/settings/json-schema.ts";
import { sourceKinds } from "../../src/sources/registry.ts";
import { kinds, unknownKeys, wrongTypes } from "./faults.ts";
import { load, problemsOf, temporaryFolder } from "./settings-file.ts";

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  strictTuples: false,
});
addFormats.default(ajv);
const validate = ajv.compile(settingsJsonSchema());

/** What an editor would complain about. */
function complaints(text: string): string[] {
  validate(parse(text));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}

const SECRET = "secret: 0123456789abcdef";
const step = (text: string): string => `actions: { a: { params: { p: {} }, steps: [${text}] } }`;
const source = (text: string): string => `sources: { s: { ${text} } }`;

describe("the JSON Schema accepts what the loader accepts:", () => {
  it.each([
    ["no keys", "{}"],
    ["keys with nothing behind them", "server:\nstore:\nwork:\ngithub:\nkapp:\nsources:\nactions:\n"],
    [
      "a server",
      "server: { listen: '[::1]:80', public_url: https://x.example.com, max_buffered: 1GiB, request_timeout: 1m30s }",
    ],
    ["a database", "store: postgres://me@host/db"],
    [
      "variables",
      "server: { listen: '127.0.0.1:${PORT}', public_url: '${URL}', max_buffered: '${SIZE}' }\nstore: '${STORE}'",
    ],
    [
      "variables of a source",
      source(
        "kind: github, path: '/${NAME}', body_limit: '${SIZE}', algorithm: '${ALGORITHM}', secret: '${SECRET}'",
      ),
    ],
    ["a github", source(`kind: github, ${SECRET}, algorithm: sha1`)],
    [
      "a gitlab with several secrets",
      source("kind: gitlab, secrets: [0123456789abcdef, '${SECRET}', { file: secret }]"),
    ],
    ["a gitea that anybody can use", source("kind: gitea, unsafe_no_auth: true")],
    ["a gogs", source(`kind: gogs, ${SECRET}, body_secret: true, path: /a/b, body_limit: 5MiB`)],
    [
      "a generic",
      source(
        `kind: generic, ${SECRET}, header: X-Sig, encoding: base64, prefix: '', fields: { branch: payload.b }`,
      ),
    ],
    [
      "a whole action",
      `
sources: { app: { kind: github, ${SECRET} } }
actions:
  deploy:
    description: x
    params: { sha: { pattern: "[0-9a-f]{40}", description: y }, z: { default: "1", required: false, allow_leading_dash: true } }
    on: [{ source: app, event: push, branch: main, tag: [v*], repository: o/r, paths: ["src/**"], when: event.deleted, with: { sha: event.commit.sha } }]
    concurrency: { group: g, policy: supersede }
    timeout: 1h
    grace: 0s
    on_crash: retry
    runs_on: { labels: [web, db], each: true, max_parallel: 2 }
    env: { A: text, B: 1, C: true, D: { file: secret }, E: "\${SECRET}" }
    workdir: ./x
    max_log: 1kB
    steps: [{ run: [x] }]
`,
    ],
    [
      "a run",
      step(
        "{ name: n, run: { argv: [x, '${{ params.p }}', '${NOT_OURS}'], output: o, input: i }, retries: 1, timeout: 1s, progress: 1.5 }",
      ),
    ],
    [
      "a shell",
      step(
        "{ shell: 'echo ${HOME} $HOOKWRIGHT_PARAM_P' }, { shell: { script: x, shell: bash }, continue_on_error: true }",
      ),
    ],
    [
      "a git",
      step(
        "{ git: { ref: '${{ params.p }}', repository: 'https://${HOST}/x.git', submodules: recursive, depth: 1, clean: true } }",
      ),
    ],
    [
      "a verify-commit",
      step(
        "{ verify-commit: { repository: '${REPO}', sha: '${{ params.p }}', branch: main, api_url: '${URL}', head: false } }",
      ),
    ],
    [
      "an undo",
      step(
        "{ run: [x], undo: { git: { ref: x, submodules: '${SUBMODULES}' }, timeout: 1m, env: { A: b }, workdir: y } }",
      ),
    ],
  ])("%s", async (_what, text) => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, "secret"), "0123456789abcdef", { mode: 0o600 });
    const env = {
      PORT: "80",
      URL: "https://x.example.com",
      SIZE: "1MiB",
      STORE: "sqlite:x",
      NAME: "n",
      ALGORITHM: "sha1",
      SECRET: "0123456789abcdef",
      HOST: "h",
      REPO: "o/r",
      SUBMODULES: "recursive",
    };
    await expect(load(text, { dir, env })).resolves.toHaveProperty("digest");
    expect(complaints(text)).toEqual([]);
  });

  it("the example", async () => {
    const text = await readFile(new URL("../../examples/k-app/hookwright.yaml", import.meta.url), "utf8");
    await expect(
      load(text, { env: { PORT: "3000", TOKEN_HASH: "$argon2id$v=19$x" } }),
    ).resolves.toHaveProperty("digest");
    expect(complaints(text)).toEqual([]);
  });

  it.each([...sourceKinds])("a source of the kind %s", async (kind, keyed) => {
    // Standard Webhooks' secrets have a form of their own.
    const key = `whsec_${Buffer.alloc(32, "k").toString("base64")}`;
    const secret = kind === "standard-webhooks" ? `, secret: ${key}` : `, ${SECRET}`;
    const text = source(`kind: ${kind}${keyed.publicKeys === undefined ? secret : ", repositories: [a/b]"}`);
    await expect(load(text)).resolves.toHaveProperty("digest");
    expect(complaints(text)).toEqual([]);
  });

  it("every settings block of the documentation", async () => {
    const docs = new URL("../../docs/", import.meta.url);
    const pages = (await readdir(docs)).filter((name) => name.endsWith(".md"));
    const texts = await Promise.all(pages.map((name) => readFile(new URL(name, docs), "utf8")));
    const blocks = texts
      .flatMap((text) => Array.from(text.matchAll(/^```yaml\n(.*?)^```/gms), ([, block = ""]) => block))
      .filter((block) => /^(?:sources|actions):/m.test(block));
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.flatMap(complaints)).toEqual([]);
  });
});

/** What no JSON Schema can say, or only at a length that nobody would read. */
const BEYOND: ReadonlySet<string> = new Set(["a port that is none"]);

const more = [
  ["no secret", source("kind: github")],
  ["a secret where the sender has a key of its own", source(`kind: travis, repositories: [a/b], ${SECRET}`)],
  ["no secret in the list", source("kind: github, secrets: []")],
  ["an empty secret", source("kind: github, secret: ''")],
  ["unsafe_no_auth: false", source("kind: github, unsafe_no_auth: false")],
  ["a kind by variable", source(`kind: '\${SECRET}', ${SECRET}`)],
  ["a template in a script", step("{ shell: 'echo ${{ params.p }}' }")],
  ["a variable for a number", "work: { concurrency: '${PORT}' }"],
  ["a variable in a step's timeout", step("{ run: [x], timeout: '${TIMEOUT}' }")],
  ["a variable for the shell", step("{ shell: { script: x, shell: '${SHELL}' } }")],
  ["an undo of an undo", step("{ run: [x], undo: { run: [y], undo: { run: [z] } } }")],
] as const;

describe("the JSON Schema refuses what the loader refuses:", () => {
  const faults = [...unknownKeys, ...wrongTypes, ...kinds].filter(([what]) => !BEYOND.has(what));
  it.each([...faults.map(([what, text]) => [what, text] as const), ...more])("%s", async (_what, text) => {
    const env = { SECRET: "github", PORT: "80", TIMEOUT: "1m", SHELL: "bash" };
    expect((await problemsOf(text, { env })).length).toBeGreaterThan(0);
    expect(complaints(text)).not.toEqual([]);
  });

  it.each(wrongTypes.filter(([what]) => BEYOND.has(what)))("but not %s", async (_what, text, ...problems) => {
    expect(await problemsOf(text)).toEqual(problems);
    expect(complaints(text)).toEqual([]);
  });
});

/** Paths of the properties that have a form of their own but no word on what they do. */
function undescribed(part: unknown, path = ""): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]: [string, unknown]) => {
    const at = `${path}/${key}`;
    const isProperty = path.endsWith("/properties") && isObject(inner);
    const needsWord = isProperty && ("type" in inner || "anyOf" in inner) && !("const" in inner);
    return [...(needsWord && !("description" in inner) ? [at] : []), ...undescribed(inner, at)];
  });
}

describe("the JSON Schema", () => {
  it("says of every key what it does", () => {
    expect(undescribed(plainJsonSchema())).toEqual([]);
  });
});
