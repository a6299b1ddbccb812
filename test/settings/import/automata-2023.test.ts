import { describe, expect, it } from "vitest";
import { imported, SECRET } from "./imported.ts";

/** The newest generation's file, with one automaton. */
const file = (endpoint = "", action = ""): string =>
  `automata:\n- endpoint: { suffix: hook, ${endpoint} }\n  action: { ${action === "" ? "type: commands, commands: ['make all', [ls, -l]]" : action} }\n`;

const GITHUB = `provider: github, secret_token: ${SECRET}`;
const action = (text: string): unknown => imported(file(GITHUB, text)).actions["hook"];

describe("a file of webhooks_automata 0.3.0", () => {
  it("becomes a source and an action for each endpoint", () => {
    const { sources, actions, server, notes } = imported(file(GITHUB));
    expect(server).toEqual({ listen: "127.0.0.1:8000" });
    expect(sources).toEqual({ hook: { kind: "github", path: "/hook", secrets: [SECRET] } });
    expect(actions).toEqual({
      hook: { on: [{ source: "hook" }], steps: [{ shell: "make all" }, { run: ["ls", "-l"] }] },
    });
    expect(notes).toEqual([]);
  });

  it("with gitlab checks the token", () => {
    expect(imported(file(`provider: gitlab, secret_token: ${SECRET}`)).sources["hook"]).toEqual({
      kind: "gitlab",
      path: "/hook",
      secrets: [SECRET],
    });
  });

  it("with plain says that anybody can use it", () => {
    const { sources, notes } = imported(file(`provider: plain, secret_token: x`));
    expect(sources["hook"]).toEqual({ kind: "generic", path: "/hook", unsafe_no_auth: true });
    expect(notes).toEqual([
      "source hook: its provider was plain, so anybody could use it; give it a secret, or keep unsafe_no_auth",
      "source hook: plain never looked at secret_token; left out",
    ]);
  });

  it.each([
    [
      "a line of several commands",
      "type: commands, commands: ['a; b']",
      { steps: [{ shell: "set +e\na; b" }] },
    ],
    [
      "stop_on_error",
      "type: commands, commands: [[a], b], stop_on_error: false",
      {
        steps: [
          { run: ["a"], continue_on_error: true },
          { shell: "b", continue_on_error: true },
        ],
      },
    ],
    [
      "env",
      "type: commands, commands: [[a]], env: { A: b, N: 1, V: '${HOME}' }",
      { env: { A: "b", N: "1", V: "$${HOME}" } },
    ],
  ])("takes over %s", (_key, text, expected) => {
    expect(action(text)).toMatchObject(expected);
  });

  it.each([
    [
      "env",
      "type: commands, commands: [[a]], env: { A: b }",
      "action hook: webhooks_automata never passed env on; here the commands get it",
    ],
    [
      "script",
      "type: script",
      "action hook: its type was script, which did nothing there; write steps for it",
    ],
    [
      "callable",
      "type: callable, callable: os.getcwd",
      "action hook: its type was callable, which did nothing there; write steps for it",
    ],
    ["no commands", "type: commands, commands: []", "action hook: it had no commands"],
    [
      "a template in a line",
      "type: commands, commands: ['echo ${{ x }}']",
      'action hook: "echo ${{ x }}" can\'t be a command here, so that step fails; write it anew',
    ],
    [
      "an unknown key",
      "type: commands, commands: [[a]], enviroment: {}",
      "automata[0].action.enviroment: webhooks_automata did not know this key; it is left out",
    ],
  ])("says of %s what becomes of it", (_what, text, note) => {
    expect(imported(file(GITHUB, text)).notes).toEqual([note]);
    expect(imported(file(GITHUB, text)).settings.actions["hook"]?.steps).toHaveLength(1);
  });

  it("leaves out variables that can't be named here", () => {
    const { actions, notes } = imported(
      file(GITHUB, "type: commands, commands: [[a]], env: { a-b: c, HOOKWRIGHT_X: d }"),
    );
    expect(actions["hook"]).not.toHaveProperty("env");
    expect(notes).toEqual([
      'action hook: "a-b" can\'t name a variable of the environment; left out',
      'action hook: "HOOKWRIGHT_X" can\'t name a variable of the environment; left out',
    ]);
  });

  it("gives endpoints that can't have their path here another, and says so", () => {
    const endpoint = (suffix: string): string =>
      `- endpoint: { suffix: ${JSON.stringify(suffix)}, provider: plain }\n  action: { type: commands, commands: [[a]] }\n`;
    const text = `automata:\n${["twice", "twice", "", "api/v1", "{x}", "a b", "a-b", "ü"].map(endpoint).join("")}`;
    const { settings, notes } = imported(text);
    const paths = Object.values(settings.sources).map(({ path }) => path);
    expect(paths).toEqual([
      "/twice",
      "/hooks/twice-2",
      "/hooks/entry",
      "/hooks/api-v1",
      "/hooks/x-",
      "/hooks/a-b",
      "/a-b",
      "/hooks/entry-2",
    ]);
    expect(notes).toContain(
      "source twice-2: it can't be received on /twice here; give the sender the path /hooks/twice-2",
    );
    expect(notes).toContain('"a b" is called a-b here');
    expect(notes).toContain('"a-b" is called a-b-2 here');
  });
});
