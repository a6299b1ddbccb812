import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkConfinement } from "../../src/settings/confinement-here.ts";
import { canSandbox, IS_ROOT } from "../support/confine.ts";
import { load, problemsOf, temporaryFolder } from "./settings-file.ts";

describe("user and sandbox", () => {
  it("are an action's, and a step's or an undo's own where that says so", async () => {
    const { actions, dir } = await load(`
actions:
  a:
    user: deploy
    sandbox: true
    steps:
      - { run: ["true"] }
      - { run: ["true"], user: other, sandbox: { network: false, write: [out], read: [/srv/in] }, undo: { run: ["true"] } }
      - { run: ["true"], sandbox: false, undo: { run: ["true"], user: third } }
`);
    const fences = { network: false, write: [join(dir, "out")], read: ["/srv/in"] };
    expect(actions["a"]).toMatchObject({
      user: "deploy",
      sandbox: { network: true, write: [], read: [] },
      steps: [
        { user: null, sandbox: null },
        { user: "other", sandbox: fences, undo: { user: "other", sandbox: fences } },
        { user: null, sandbox: false, undo: { user: "third", sandbox: false } },
      ],
    });
  });

  it.each(["${{ params.who }}", "1000", "0", "-deploy", "a b", "a:b"])(
    "are not chosen by %s",
    async (user) => {
      const found = await problemsOf(
        `actions:\n  a:\n    params: { who: {} }\n    user: ${JSON.stringify(user)}\n    steps: [{ run: ["true"] }]\n`,
      );
      expect(found).toEqual([
        expect.stringMatching(/^4:5 actions\.a\.user: expected the name of an account/),
      ]);
    },
  );

  it("are refused where they would not be what they look like", async () => {
    const dir = await temporaryFolder();
    const found = await problemsOf(
      `
actions:
  a: { sandbox: { write: [.] }, steps: [{ run: ["true"] }] }
  b: { sandbox: { read: [data/hookwright.db] }, steps: [{ run: ["true"] }] }
  c: { sandbox: true, workdir: data/here, steps: [{ run: ["true"] }] }
  d: { sandbox: { write: [/] }, steps: [{ run: ["true"] }] }
  e: { sandbox: { read: [data/apps/web, data/work/d] }, steps: [{ run: ["true"] }] }
  f: { user: deploy, steps: [{ release: { app: web, runtime: systemd, unit: web.service } }] }
  g: { sandbox: true, steps: [{ release: { app: web, runtime: systemd, unit: web.service } }, { tarball: { github: o/r, ref: main, dir: x } }] }
  h: { steps: [{ health: { http: "http://localhost/" }, sandbox: { network: false } }] }
`,
      { dir },
    );
    const steps = found.map((line) => line.replaceAll(dir, ""));
    expect(steps).toEqual([
      expect.stringContaining("actions.a.sandbox:  holds the settings file, which no sandbox shows"),
      expect.stringContaining("actions.b.sandbox: /data/hookwright.db is in the server's data folder"),
      expect.stringContaining("actions.c.sandbox: /data/here is in the server's data folder"),
      expect.stringContaining("actions.d.sandbox: / can be read as it is"),
      expect.stringContaining(
        "actions.f.steps[0]: release makes its files as the server's account, so it can't run as deploy",
      ),
      expect.stringContaining("actions.g.steps[0]: release works outside of a sandbox; say `sandbox: false`"),
      expect.stringContaining("actions.g.steps[1]: tarball works outside of a sandbox; say `sandbox: false`"),
      expect.stringContaining(
        "actions.h.steps[0].sandbox: health runs no commands that a sandbox could hold",
      ),
    ]);
  });
});

const CONFINED = `actions:
  a:
    steps: [{ run: ["true"] }]
  b:
    runs_on: web-1
    steps:
      - run: ["true"]
        user: no-such-account
      - run: ["true"]
        undo: { run: ["true"], user: no-such-one-either }
  c:
    user: nobody
    sandbox: true
    steps: [{ run: ["true"] }]
`;

const refusal = async (labels?: readonly string[]): Promise<string[]> => {
  const settings = await load(CONFINED);
  const error: unknown = await checkConfinement(settings, labels).then(
    () => null,
    (reason: unknown) => reason,
  );
  const text = error instanceof Error ? error.message : "";
  return text.split("\n").map((line) => line.replace(/^.*?hookwright\.yaml:/, ""));
};

describe("what a machine does not give", () => {
  const mayAll = IS_ROOT && canSandbox(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]);

  it("is told with its place", async () => {
    const found = await refusal();
    expect(found.slice(0, 2)).toEqual([
      "8:9 actions.b.steps[0].user: this machine has no account no-such-account",
      "10:32 actions.b.steps[1].undo.user: this machine has no account no-such-one-either",
    ]);
    expect(found.slice(2)).toEqual(mayAll ? [] : [expect.stringMatching(/^12:5 actions\.c\.user: /)]);
  });

  it("is of no account for what other servers run", async () => {
    expect(await refusal(["web-2"])).toEqual(
      mayAll ? [""] : [expect.stringMatching(/^12:5 actions\.c\.user: /)],
    );
    expect(await refusal(["web-1"])).toContainEqual(expect.stringContaining("no-such-account"));
  });
});
