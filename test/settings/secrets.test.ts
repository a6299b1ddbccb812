import { createHmac } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { githubPush } from "../support/push.ts";
import { load, loadError, problemsOf, temporaryFolder, warningsOf, withSteps } from "./settings-file.ts";

const LONG = "0123456789abcdef0123456789abcdef";
const app = (rest: string): string => `sources: { app: { kind: github, ${rest} } }`;
const NONE =
  "1:12 sources.app: the source has no secret, so anybody could use it; give it secrets, or say unsafe_no_auth: true";

describe("a source", () => {
  it.each([
    ["no secret", "path: /x"],
    ["an empty list", "secrets: []"],
    ["unsafe_no_auth: false", "unsafe_no_auth: false"],
  ])("with %s is refused", async (_what, rest) => {
    expect(await problemsOf(app(rest))).toEqual([NONE]);
  });

  it.each([
    ["is empty", "''", {}, "1:43 sources.app.secrets[0]: the secret is empty"],
    ["is an empty variable", "'${EMPTY}'", {}, "1:43 sources.app.secrets[0]: the secret is empty"],
    [
      "is a variable that is not set",
      "'${APP_SECRT}'",
      {},
      '1:43 sources.app.secrets[0]: the environment has no variable APP_SECRT; did you mean "APP_SECRET"?',
    ],
    ["is a number", "12345", {}, "1:43 sources.app.secrets[0]: expected a text or a map, not a number"],
    ["is in an empty file", "{ file: empty }", {}, "1:43 sources.app.secrets[0]: the secret is empty"],
    [
      "is in a file of one newline",
      "{ file: newline }",
      {},
      "1:43 sources.app.secrets[0]: the secret is empty",
    ],
    [
      "is in no file",
      "{ file: none }",
      {},
      /^1:45 sources\.app\.secrets\[0\]\.file: the file can't be read: ENOENT/,
    ],
    [
      "is in a folder",
      "{ file: folder }",
      {},
      /secrets\[0\]\.file: the file can't be read: .*folder is not a file$/,
    ],
    [
      "is no text",
      "{ file: bytes }",
      {},
      /secrets\[0\]\.file: the file can't be read: .*bytes is not UTF-8 text$/,
    ],
    [
      "is far too long",
      "{ file: large }",
      {},
      /secrets\[0\]\.file: .*large is larger than 64 KiB, so it holds no secret$/,
    ],
    [
      "is a template",
      "'${{ secrets.APP }}'",
      {},
      /^1:43 sources\.app\.secrets\[0\]: no \$\{\{ \}\} can stand here/,
    ],
  ])("whose secret %s is refused", async (_what, secret, _none, problem) => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, "folder"));
    await writeFile(join(dir, "empty"), "");
    await writeFile(join(dir, "newline"), "\r\n");
    await writeFile(join(dir, "bytes"), Buffer.from([0xff, 0xfe, 0x00]));
    await writeFile(join(dir, "large"), "x".repeat(65_537));
    const env = { APP_SECRET: LONG, EMPTY: "" };
    const problems = await problemsOf(app(`secrets: [${secret}]`), { dir, env });
    expect(problems).toEqual([typeof problem === "string" ? problem : expect.stringMatching(problem)]);
  });

  it("may say unsafe_no_auth, with a warning", async () => {
    expect(await warningsOf(app("unsafe_no_auth: true"))).toEqual([
      "1:12 sources.app: takes webhooks from anybody (unsafe_no_auth)",
    ]);
    expect(await warningsOf(app(`secret: ${LONG}, unsafe_no_auth: true`))).toEqual([
      "1:12 sources.app: unsafe_no_auth does nothing, because the source has secrets",
    ]);
  });

  it("with a short secret, or one that everybody can read, gets a warning", async () => {
    const dir = await temporaryFolder();
    const file = join(dir, "secret");
    await writeFile(file, LONG);
    await chmod(file, 0o644);
    expect(await warningsOf(app("secrets: [abc, { file: secret }]"), { dir })).toEqual([
      "1:43 sources.app.secrets[0]: the secret has only 3 characters; make one with `openssl rand -hex 32`",
      `1:50 sources.app.secrets[1].file: every account of this machine can read ${file}: chmod o-r`,
    ]);
    await chmod(file, 0o640);
    expect(await warningsOf(app("secrets: [{ file: secret }]"), { dir })).toEqual([]);
  });

  it("takes each of several secrets: written out, of the environment, of a file without its last newline", async () => {
    const dir = await temporaryFolder();
    const fromFile = "of-a-file-0123456789";
    await writeFile(join(dir, "secret"), `${fromFile}\n`, { mode: 0o600 });
    const text = app(`secret: first-${LONG}, secrets: [written-${LONG}, "\${APP}", { file: ./secret }]`);
    const { sources, secretValues, warnings } = await load(text, { dir, env: { APP: `env-${LONG}` } });
    const all = [`first-${LONG}`, `written-${LONG}`, `env-${LONG}`, fromFile];
    for (const secret of all) {
      const result = sources["app"]?.source.authenticate(githubPush({ secret }), new Date());
      expect(result).toMatchObject({ ok: true });
    }
    const forged = githubPush({ secret: `${fromFile}\n` });
    expect(sources["app"]?.source.authenticate(forged, new Date())).toMatchObject({
      code: "signature:invalid",
    });
    expect(secretValues).toEqual(expect.arrayContaining(all));
    expect(warnings).toEqual([]);
  });

  it("signs with the secret's bytes, whatever they are", async () => {
    const secret = "пароль-🔑-0123456789";
    const { sources } = await load(app("secret: ${APP}").replace("${APP}", '"${APP}"'), {
      env: { APP: secret },
    });
    const push = githubPush({ secret });
    const digest = createHmac("sha256", Buffer.from(secret)).update(push.body).digest("hex");
    expect(push.headers["x-hub-signature-256"]).toBe(`sha256=${digest}`);
    expect(sources["app"]?.source.authenticate(push, new Date())).toMatchObject({ ok: true });
  });
});

describe("secretValues", () => {
  it.each([
    ["a written token", "github: { token: ghp_0123456789 }", ["ghp_0123456789"]],
    ["a token of the environment", 'github: { token: "${GH}" }', ["ghp_of_the_environment"]],
    ["the K-App hash", "kapp: { token_hash: $argon2id$v=19$x }", ["$argon2id$v=19$x"]],
    ["env by its name", withSteps("[{ run: [x], env: { API_TOKEN: written-out } }]"), ["written-out"]],
    [
      "env by the variable's name",
      withSteps('[{ run: [x], env: { A: "a ${DB_PASSWORD} b" } }]'),
      ["p%40ss w0rd"],
    ],
    [
      "a URL's password, and as it is decoded",
      withSteps("[{ run: [x], env: { DATABASE_URL: 'postgres://me:p%40ssw0rd@db/app' } }]"),
      ["postgres://me:p%40ssw0rd@db/app", "p%40ssw0rd", "p@ssw0rd"],
    ],
    [
      "the password of a repository",
      withSteps("[{ git: { repository: 'https://me:s3cr3t-tok@h/x.git', ref: main } }]"),
      ["s3cr3t-tok"],
    ],
    [
      "the token of a step",
      withSteps('[{ verify-commit: { repository: o/r, sha: x, branch: main, token: "${GH}" } }]'),
      ["ghp_of_the_environment"],
    ],
    [
      "those of an undo",
      withSteps("[{ run: [x], undo: { run: [y], env: { MY_SECRET: undo-secret } } }]"),
      ["undo-secret"],
    ],
    ["the database's password", "store: 'postgres://me:p%40ssw0rd@db/app'", ["p%40ssw0rd", "p@ssw0rd"]],
    ["the CLI's own token", "store: sqlite:x", ["hw_token_of_the_cli"]],
  ])("has %s", async (_what, text, values) => {
    const env = {
      GH: "ghp_of_the_environment",
      DB_PASSWORD: "p%40ss w0rd",
      HOOKWRIGHT_TOKEN: "hw_token_of_the_cli",
    };
    const { secretValues } = await load(text, { env });
    expect(secretValues).toEqual(expect.arrayContaining(values));
  });

  it("has a value of env that is in a file", async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, "db"), "db-password\n", { mode: 0o600 });
    const text = "actions: { a: { env: { DB: { file: db } }, steps: [{ run: [x] }] } }";
    const { secretValues, actions } = await load(text, { dir });
    expect(secretValues).toContain("db-password");
    expect(actions["a"]?.env).toEqual({ DB: "db-password" });
  });

  it("has nothing that is no secret, so that logs stay readable", async () => {
    const text = withSteps(
      "[{ run: [x], env: { NODE_ENV: production, USE_AUTH: 'true', GIT_AUTHOR_NAME: somebody, MODE: '${MODE}' } }]",
    );
    expect((await load(text, { env: { MODE: "development" } })).secretValues).toEqual([]);
  });
});

describe("messages", () => {
  it.each([
    ["a wrong kind", app("kind: x").replace("kind: github, ", "secret: SECRET, ")],
    ["a wrong address", 'server: { listen: "${SECRET}" }'],
    ["a wrong URL", "server: { public_url: SECRET }"],
    ["a wrong type", "sources: SECRET"],
    ["a wrong word", "actions: { a: { on_crash: SECRET, steps: [{ run: [x] }] } }"],
    ["a wrong path", 'sources: { a: { kind: github, secret: SECRET, path: "${SECRET}" } }'],
    [
      "a path that two sources have",
      "sources: { a: { kind: github, secret: SECRET, path: /SECRET }, b: { kind: github, secret: SECRET, path: /SECRET } }",
    ],
    ["a repository that is none", withSteps('[{ git: { repository: "${SECRET}", ref: x } }]')],
    ["a template in a secret", "sources: { a: { kind: github, secret: '${{ SECRET }}' } }"],
    [
      "a default that does not fit",
      "actions: { a: { params: { p: { pattern: a, default: SECRET } }, steps: [{ run: [x] }] } }",
    ],
    ["a text that is no YAML", "sources: { a: { kind: github, secret: *SECRET } }"],
  ])("about %s never show a value", async (_what, text) => {
    const secret = `s3cr3t-${LONG}`;
    const { message, details } = await loadError(text.replaceAll(/(?<!\{)\bSECRET\b/g, secret), {
      env: { SECRET: secret },
    });
    expect(message).not.toContain("s3cr3t");
    expect(JSON.stringify(details)).not.toContain("s3cr3t");
  });
});
