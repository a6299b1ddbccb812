import { describe, expect, it } from "vitest";
import { compileTemplate } from "../../src/lib/expressions.ts";
import { load, problemsOf } from "./settings-file.ts";

/** An action with these steps, each a line of flow YAML. */
const action = (...steps: string[]): string =>
  `actions:\n  a:\n    params: { sha: {}, env: {} }\n    steps:\n${steps.map((step) => `      - ${step}\n`).join("")}`;

const MISPLACED =
  "no ${{ }} can stand here: it is for arguments, values of env and the fields whose reference says so";

describe("a template may stand", () => {
  it.each([
    ["in an argument", "run: [deploy, '${{ params.sha }}', 'to=${{ params.env }}']"],
    ["in an argument of a script", `run: [sh, -c, 'echo "$1"', sh, '\${{ params.sha }}']`],
    ["in the long form of run", "run: { argv: [x, '${{ params.sha }}'] }"],
    [
      "in env",
      "{ run: [x], env: { SHA: '${{ params.sha }}', ALL: '${{ event.branch }} of ${{ task.id }}' } }",
    ],
    ["in env of a script", "{ shell: 'echo $SHA', env: { SHA: '${{ params.sha }}' } }"],
    [
      "in a ref, a branch and a folder",
      "git: { ref: '${{ params.sha }}', branch: 'b-${{ params.env }}', dir: 'd/${{ params.env }}' }",
    ],
    [
      "in what GitHub is asked",
      "verify-commit: { repository: o/r, sha: '${{ params.sha }}', branch: '${{ params.env }}' }",
    ],
    [
      "with every field of an event",
      "run: [x, '${{ event.clone_url }}', '${{ event.payload.anything.at[0] }}']",
    ],
    [
      "with functions and macros",
      `run: [x, '\${{ event.paths.exists(p, p.startsWith("src/")) ? "yes" : "no" }}']`,
    ],
  ])("%s", async (_what, step) => {
    expect((await load(action(step))).actions["a"]?.steps).toHaveLength(1);
  });

  it("of steps that ran before, and in an undo also of its own", async () => {
    const text = action(
      "{ name: head, run: { argv: [git, rev-parse, HEAD], output: sha } }",
      `run: [x, '\${{ steps.head.outputs.sha }}', '\${{ steps["head"].exit_code }}']`,
      "{ name: up, run: { argv: [x], output: id }, undo: { run: [y, '${{ steps.up.outputs.id }}'] } }",
      "run: [npm, ci]",
      `run: [z, '\${{ steps["npm ci"].state }}']`,
    );
    expect((await load(text)).actions["a"]?.steps).toHaveLength(5);
  });
});

describe("a template is refused", () => {
  it.each([
    [
      "in a script",
      "shell: 'echo ${{ params.sha }}'",
      "5:9 actions.a.steps[0].shell: a script must not hold ${{ }}; params are in its environment as $HOOKWRIGHT_PARAM_NAME, other values by `env`",
    ],
    [
      "in the long form of a script",
      "shell: { script: 'echo ${{ params.sha }}', shell: bash }",
      "5:18 actions.a.steps[0].shell.script: a script must not hold ${{ }}; params are in its environment as $HOOKWRIGHT_PARAM_NAME, other values by `env`",
    ],
    [
      "in the script of an undo",
      "{ run: [x], undo: { shell: 'echo ${{ params.sha }}' } }",
      "5:29 actions.a.steps[0].undo.shell: a script must not hold ${{ }}; params are in its environment as $HOOKWRIGHT_PARAM_NAME, other values by `env`",
    ],
    [
      "in a script that is an argument",
      "run: [bash, -c, 'echo ${{ params.sha }}']",
      `5:9 actions.a.steps[0].run: a template must not become part of a script; pass the value as an argument: [sh, -c, 'echo "$1"', sh, "\${{ … }}"]`,
    ],
    [
      "in standard input",
      "run: { argv: [sh], input: 'echo ${{ params.sha }}' }",
      `5:28 actions.a.steps[0].run.input: ${MISPLACED}`,
    ],
    [
      "in a repository",
      "git: { ref: x, repository: 'https://h/${{ params.env }}.git' }",
      `5:24 actions.a.steps[0].git.repository: ${MISPLACED}`,
    ],
    [
      "in a program that is git",
      "git: { ref: x, git_binary: '${{ params.env }}' }",
      `5:24 actions.a.steps[0].git.git_binary: ${MISPLACED}`,
    ],
    [
      "in a step's folder",
      "{ run: [x], workdir: '/srv/${{ params.env }}' }",
      `5:21 actions.a.steps[0].workdir: ${MISPLACED}`,
    ],
    [
      "in a step's name",
      "{ run: [x], name: '${{ params.env }}' }",
      `5:21 actions.a.steps[0].name: ${MISPLACED}`,
    ],
    [
      "that is not closed",
      "run: [x, '${{ params.sha }']",
      "5:18 actions.a.steps[0].run[1]: a ${{ is not closed by }}",
    ],
    [
      "that can't be read",
      "run: [x, '${{ params. }}']",
      "5:18 actions.a.steps[0].run[1]: ${{ params. }}: Expected IDENTIFIER, got EOF (at character 8)",
    ],
    [
      "with an unknown variable",
      "run: [x, '${{ secrets.A }}']",
      "5:18 actions.a.steps[0].run[1]: ${{ secrets.A }}: Unknown variable: secrets (at character 1); known here: params, event, task, steps",
    ],
    [
      "with an unknown param",
      "run: [x, '${{ params.sah }}']",
      '5:18 actions.a.steps[0].run[1]: ${{ params.sah }}: the action has no param sah; did you mean "sha"?',
    ],
    [
      "with an unknown param in brackets",
      `run: [x, '\${{ params["nope"] }}']`,
      '5:18 actions.a.steps[0].run[1]: ${{ params["nope"] }}: the action has no param nope',
    ],
    [
      "with an unknown field of the event",
      "run: [x, '${{ event.brnch }}']",
      "5:18 actions.a.steps[0].run[1]: ${{ event.brnch }}: an event has no brnch; did you mean event.branch?",
    ],
    [
      "with an unknown field of the task",
      "run: [x, '${{ task.idd }}']",
      '5:18 actions.a.steps[0].run[1]: ${{ task.idd }}: a task has no idd; did you mean "id"?',
    ],
    [
      "with an unknown function",
      "run: [x, '${{ shout(params.sha) }}']",
      expect.stringMatching(
        /^5:18 actions\.a\.steps\[0\]\.run\[1\]: \$\{\{ shout\(params\.sha\) \}\}: .*shout/,
      ),
    ],
    [
      "with a step that there is not",
      "run: [x, '${{ steps.build.outputs.id }}']",
      "5:18 actions.a.steps[0].run[1]: ${{ steps.build.outputs.id }}: no step build runs before this",
    ],
    [
      "with its own step",
      "{ name: me, run: [x, '${{ steps.me.outputs.id }}'] }",
      "5:30 actions.a.steps[0].run[1]: ${{ steps.me.outputs.id }}: no step me runs before this",
    ],
  ])("%s", async (_what, step, problem) => {
    const problems = await problemsOf(action(step));
    expect(problems).toContainEqual(problem);
  });

  it.each([
    "sh, -c",
    "/bin/bash, -o, pipefail, -ec",
    "sudo, -u, app, sh, -c",
    "docker, exec, web, sh, -c",
    "env, A=1, zsh, -lc",
    "python3, -c",
    "node, -e",
    "node, --eval",
    "perl, -we",
    "su, app, -c",
  ])("in the script of [%s, …]", async (argv) => {
    expect(await problemsOf(action(`run: [${argv}, 'print \${{ params.sha }}']`))).toEqual([
      expect.stringMatching(/^5:9 actions\.a\.steps\[0\]\.run: a template must not become part of a script/),
    ]);
    const asArgument = action(`run: [${argv}, 'a script', x, '\${{ params.sha }}']`);
    expect((await load(asArgument)).actions["a"]?.steps).toHaveLength(1);
  });

  it("with a later step, also in an undo", async () => {
    const text = action(
      "{ name: first, run: [x, '${{ steps.second.outputs.a }}'], undo: { run: [y, '${{ steps.second.outputs.a }}'] } }",
      "{ name: second, run: [x] }",
    );
    expect(await problemsOf(text)).toEqual([
      "5:33 actions.a.steps[0].run[1]: ${{ steps.second.outputs.a }}: no step second runs before this",
      "5:84 actions.a.steps[0].undo.run[1]: ${{ steps.second.outputs.a }}: no step second runs before this",
    ]);
  });

  it.each([
    [
      "a source",
      "sources: { s: { kind: github, path: '/${{ event.ref }}', unsafe_no_auth: true } }",
      "1:31 sources.s.path",
    ],
    ["the server", "server: { public_url: '${{ event.ref }}' }", "1:11 server.public_url"],
    [
      "an action's folder",
      "actions: { a: { workdir: '/${{ event.ref }}', steps: [{ run: [x] }] } }",
      "1:17 actions.a.workdir",
    ],
    [
      "a group",
      "actions: { a: { concurrency: { group: '${{ event.ref }}' }, steps: [{ run: [x] }] } }",
      "1:32 actions.a.concurrency.group",
    ],
  ])("in %s", async (_what, text, place) => {
    expect(await problemsOf(text)).toContainEqual(`${place}: ${MISPLACED}`);
  });

  it("in an action's env where it names a step", async () => {
    const text = "actions: { a: { env: { X: '${{ steps.s.outputs.x }}' }, steps: [{ name: s, run: [x] }] } }";
    expect(await problemsOf(text)).toEqual([
      "1:24 actions.a.env.X: ${{ steps.s.outputs.x }}: no step s runs before this",
    ]);
  });
});

describe("${ENV}", () => {
  const env = { FOLDER: "/srv/app", TRICKY: "${{ params.sha }} $${ ${FOLDER}", HOST: "git.example.com" };

  it("is read once: a value that looks like a variable or a template stays a text", async () => {
    const { actions } = await load(
      "actions: { a: { params: { sha: {} }, env: { A: '<${TRICKY}>' }, steps: [{ run: [x] }] } }",
      { env },
    );
    const value = actions["a"]?.env["A"] ?? "";
    expect(compileTemplate(value)({ params: { sha: "1234" } })).toBe(`<${env.TRICKY}>`);
  });

  it("is replaced beside templates, and $${ stands for a plain ${", async () => {
    const text =
      "actions: { a: { params: { sha: {} }, env: { A: '${FOLDER}/${{ params.sha }}', B: '$${FOLDER}', C: '$${{ x }}' }, steps: [{ run: [x] }] } }";
    const { actions } = await load(text, { env });
    const values = Object.values(actions["a"]?.env ?? {});
    const vars = { params: { sha: "1234" } };
    expect(values.map((value) => compileTemplate(value)(vars))).toEqual([
      "/srv/app/1234",
      "${FOLDER}",
      "${{ x }}",
    ]);
  });

  it("is replaced in the options of steps, but left to commands and scripts", async () => {
    const text = action(
      "git: { repository: 'https://${HOST}/o/r.git', dir: '${FOLDER}/${{ params.env }}', ref: main }",
      "run: [echo, '${FOLDER}']",
      "shell: 'echo ${FOLDER}'",
    );
    const steps = (await load(text, { env })).actions["a"]?.steps ?? [];
    expect(steps.map(({ options }) => options)).toEqual([
      { repository: "https://git.example.com/o/r.git", dir: "/srv/app/${{ params.env }}", ref: "main" },
      ["echo", "${FOLDER}"],
      "echo ${FOLDER}",
    ]);
  });

  it("is replaced in folders, addresses, paths and sizes", async () => {
    const text =
      "server: { listen: '${ADDRESS}:${PORT}' }\nstore: 'sqlite:${FOLDER}/db'\n" +
      "sources: { s: { kind: github, path: '/${NAME}', body_limit: '${LIMIT}', unsafe_no_auth: true } }\n" +
      "actions: { a: { workdir: '${FOLDER}/x', steps: [{ run: [x] }] } }";
    const settings = await load(text, {
      env: { ...env, ADDRESS: "0.0.0.0", PORT: "81", NAME: "in", LIMIT: "2kB" },
    });
    expect(settings).toMatchObject({
      server: { host: "0.0.0.0", port: 81 },
      store: { kind: "sqlite", path: "/srv/app/db" },
      sources: { s: { path: "/in", source: { bodyLimit: 2_000 } } },
      actions: { a: { workdir: "/srv/app/x" } },
    });
  });

  it("that is not set is told once, with the name that was probably meant", async () => {
    const text =
      "server: { listen: '${HOTS}:80' }\nactions: { a: { env: { MY_TOKEN: '${NONE}' }, steps: [{ git: { ref: '${FOLDR}' } }] } }";
    expect(await problemsOf(text, { env })).toEqual([
      '1:11 server.listen: the environment has no variable HOTS; did you mean "HOST"?',
      "2:24 actions.a.env.MY_TOKEN: the environment has no variable NONE",
      '2:64 actions.a.steps[0].git.ref: the environment has no variable FOLDR; did you mean "FOLDER"?',
    ]);
  });
});

describe("names of steps", () => {
  it("are given, or made from the step, each once", async () => {
    const text = action(
      "run: [npm, ci]",
      "run: [npm, ci]",
      "{ name: npm ci (2), run: [x] }",
      "{ name: build, run: [npm, ci] }",
      "run: [npm, ci]",
    );
    const names = (await load(text)).actions["a"]?.steps.map(({ name }) => name);
    expect(names).toEqual(["npm ci", "npm ci (3)", "npm ci (2)", "build", "npm ci (4)"]);
  });
});
