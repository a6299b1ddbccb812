import { describe, expect, it } from "vitest";
import { matchActions } from "../../../src/triggers/match.ts";
import { githubPush } from "../../support/push.ts";
import { imported, SECRET } from "./imported.ts";

/** The oldest generation's file: these keys at the top, these in its one repository `app`. */
const file = (top = "", entry = ""): string =>
  `${top}\nrepositories:\n  app:\n    repodir: /srv/app\n    workdir: /srv/app/web\n    commands: [[make, all]]\n${entry
    .split("\n")
    .map((line) => `    ${line}\n`)
    .join("")}`;

const GITHUB = `provider: { name: github, secret: ${SECRET} }`;
const action = (text: string): unknown => imported(text).actions["app"];
const source = (text: string): unknown => imported(text).sources["webhook"];

describe("a file of webhooks_git_automata 0.0.3", () => {
  it("becomes one source for all repositories, and an action for each", () => {
    const { sources, actions, server, notes } = imported(file(GITHUB));
    expect(server).toEqual({ listen: "127.0.0.1:5000" });
    expect(sources).toEqual({ webhook: { kind: "github", path: "/webhook", secrets: [SECRET] } });
    expect(actions).toEqual({
      app: {
        params: { ref: { default: "master" } },
        on: [
          {
            source: "webhook",
            event: "push",
            repository: ["app", "**/app"],
            branch: "master",
            with: { ref: "event.commit.sha" },
          },
        ],
        concurrency: { group: "automata" },
        workdir: "/srv/app/web",
        steps: [
          { name: "pull", workdir: "/srv/app", git: { ref: "${{ params.ref }}", submodules: true } },
          { run: ["make", "all"] },
        ],
      },
    });
    expect(notes).toEqual([]);
  });

  it.each([
    ["listen_ip", "listen_ip: 0.0.0.0", "0.0.0.0:5000"],
    ["listen_ip of IPv6", 'listen_ip: "::1"', "[::1]:5000"],
    ["listen_port", "listen_port: 8081", "127.0.0.1:8081"],
    ["listen_port as a text", 'listen_port: "8081"', "127.0.0.1:8081"],
  ])("takes over %s", (_key, top, listen) => {
    expect(imported(file(`${GITHUB}\n${top}`)).server.listen).toBe(listen);
  });

  it.each([
    ["repo", "repo: other", { on: [{ repository: ["other", "**/other"] }] }],
    ["branch", "branch: prod", { on: [{ branch: "prod" }], params: { ref: { default: "prod" } } }],
    ["a branch that looks like a glob", "branch: 'a{b}*!'", { on: [{ branch: "a\\{b\\}\\*\\!" }] }],
    ["submodules", "submodules: no", { steps: [{ git: { submodules: false } }, {}] }],
  ])("takes over %s", (_key, entry, expected) => {
    expect(action(file(GITHUB, entry))).toMatchObject(expected);
  });

  it("starts by a push to its branch of its repository, whoever owns that", () => {
    const { settings } = imported(file(GITHUB, "repo: app\nbranch: feature/x"));
    const describeWith = (branch: string) => {
      const described = settings.sources["webhook"]?.source.describe(githubPush({ secret: SECRET, branch }));
      if (described?.ok !== true) throw new Error("not described");
      return matchActions({ event: described.event, actions: Object.values(settings.actions) }).matches;
    };
    expect(describeWith("feature/x").map(({ params }) => params)).toEqual([{ ref: "1".repeat(40) }]);
    expect(describeWith("feature/y")).toEqual([]);
  });

  it("with gogs checks the secret in the body, as it did", () => {
    const text = file(`provider: { name: gogs, secret: ${SECRET} }`);
    expect(source(text)).toEqual({ kind: "gogs", body_secret: true, path: "/webhook", secrets: [SECRET] });
    expect(imported(text).notes).toEqual([
      "source webhook: newer Gogs no longer sends the secret in the body; for one, remove body_secret",
    ]);
  });

  it.each(["", "provider: plain", "provider: { name: plain }"])(
    "with plain says that anybody can use it: %s",
    (top) => {
      expect(source(file(top))).toEqual({
        kind: "generic",
        path: "/webhook",
        unsafe_no_auth: true,
        fields: {
          name: "'push'",
          ref: "payload.ref",
          repository: "payload.repository.name",
          commit: "payload.after",
        },
      });
      expect(imported(file(top)).notes[0]).toMatch(
        /^source webhook: its provider was plain, so anybody could use it/,
      );
    },
  );

  it("of a plain body reads what the worker read", () => {
    const { settings } = imported(file());
    const body = {
      ref: "refs/heads/master",
      after: "2".repeat(40),
      repository: { name: "app", html_url: "x" },
    };
    const push = githubPush({ secret: SECRET, body: JSON.stringify(body) });
    const described = settings.sources["webhook"]?.source.describe(push);
    if (described?.ok !== true) throw new Error("not described");
    const { matches } = matchActions({ event: described.event, actions: Object.values(settings.actions) });
    expect(matches.map(({ params }) => params)).toEqual([{ ref: "2".repeat(40) }]);
  });

  it.each([
    [
      "log_level",
      `${GITHUB}\nlog_level: DEBUG`,
      "log_level: there is no such setting here; the server's log has what matters",
    ],
    [
      "webhook_url_path",
      `${GITHUB}\nwebhook_url_path: /x`,
      "webhook_url_path: it was never looked at; the path stays /webhook",
    ],
    [
      "an unknown key",
      `${GITHUB}\nlisten_prot: 1`,
      "listen_prot: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown key of the provider",
      `provider: { name: github, secret: ${SECRET}, user: x }`,
      "provider.user: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown provider",
      `provider: { name: bitbucket, secret: ${SECRET} }`,
      "source webhook: webhooks_automata had no provider bitbucket; see which kind of source it should be",
    ],
    ["no address", `${GITHUB}\nlisten_ip: [a]`, 'listen_ip: ["a"] is no address; it listens on 127.0.0.1'],
    ["no port", `${GITHUB}\nlisten_port: http`, 'listen_port: "http" is no port; it listens on 5000'],
    [
      "a key twice",
      `${GITHUB}\nlisten_port: 1\nlisten_port: 2`,
      "line 3: this key stands here twice; each may stand only once",
    ],
  ])("says of %s what becomes of it", (_what, top, note) => {
    expect(imported(file(top)).notes).toEqual([note]);
  });

  it("says of an unknown key of a repository that it is left out", () => {
    expect(imported(file(GITHUB, "brnach: x")).notes).toEqual([
      "repositories.app.brnach: webhooks_automata did not know this key; it is left out",
    ]);
  });

  it("without a secret took nothing, so it gets a new one", () => {
    const { settings, notes } = imported(file("provider: github"));
    expect(settings.secretValues).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(notes).toEqual([
      "source webhook: it had no secret, so it took nothing; give the new one to the sender",
    ]);
  });
});
