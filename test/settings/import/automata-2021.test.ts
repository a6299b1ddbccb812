import { describe, expect, it } from "vitest";
import { imported, SECRET } from "./imported.ts";

interface FileParts {
  readonly top?: string;
  /** Keys of the automaton `site`, flow YAML. */
  readonly automaton?: string;
  readonly config?: string;
  readonly action?: string;
}

const file = ({
  top = GITHUB,
  automaton = "",
  config = "repodir: /srv/site, branch: main",
  action = "",
}: FileParts = {}): string =>
  `${top}\nautomata:\n  site: { config: { ${config} }, action: { workdir: /srv/site, commands: [[make]], ${action} }, ${automaton} }\n`;

const GITHUB = `provider: github\nproviders: { github: { secret: ${SECRET} } }`;
const action = (parts: FileParts): unknown => imported(file(parts)).actions["site"];
const PULL = { name: "pull", workdir: "/srv/site", git: { ref: "${{ params.ref }}", submodules: true } };

describe("a file of webhooks_automata 0.1.0", () => {
  it("becomes a source and an action for each automaton", () => {
    const { sources, actions, server, notes } = imported(file());
    expect(server).toEqual({ listen: "127.0.0.1:5000" });
    expect(sources).toEqual({ site: { kind: "github", path: "/webhook/site", secrets: [SECRET] } });
    expect(actions).toEqual({
      site: {
        params: { ref: { default: "main" } },
        on: [{ source: "site", event: "push", branch: "main", with: { ref: "event.commit.sha" } }],
        concurrency: { group: "automata" },
        workdir: "/srv/site",
        steps: [PULL, { run: ["make"] }],
      },
    });
    expect(notes).toEqual([]);
  });

  it.each([
    ["webhook_url_path", `webhook_url_path: /hook/`, { sources: { site: { path: "/hook/site" } } }],
    ["an empty webhook_url_path", `webhook_url_path: ""`, { sources: { site: { path: "/site" } } }],
    ["listen_ip", "listen_ip: 0.0.0.0", { server: { listen: "0.0.0.0:5000" } }],
    ["listen_port", "listen_port: 80", { server: { listen: "127.0.0.1:80" } }],
  ])("takes over %s", (_key, top, expected) => {
    expect(imported(file({ top: `${GITHUB}\n${top}` }))).toMatchObject(expected);
  });

  it.each([
    ["workdir", { action: "workdir: /srv/other" }, { workdir: "/srv/other" }],
    ["pull", { action: "pull: no" }, { steps: [{ run: ["make"] }] }],
    ["submodules", { action: "submodules: off" }, { steps: [{ git: { submodules: false } }, {}] }],
    ["git_binary", { action: "git_binary: /opt/git" }, { steps: [{ git: { git_binary: "/opt/git" } }, {}] }],
    [
      "pre_commands",
      { action: "pre_commands: [[stop]]" },
      { steps: [{ run: ["stop"] }, PULL, { run: ["make"] }] },
    ],
    [
      "post_commands",
      { action: "post_commands: [[start, it]]" },
      { steps: [PULL, { run: ["make"] }, { run: ["start", "it"] }] },
    ],
    ["repodir", { config: "repodir: /srv/repo, branch: main" }, { steps: [{ workdir: "/srv/repo" }, {}] }],
    ["branch", { config: "repodir: /srv/site, branch: prod" }, { on: [{ branch: "prod" }] }],
    [
      "repo",
      { config: "repodir: /srv/site, branch: main, repo: s" },
      { on: [{ repository: ["s", "**/s"] }] },
    ],
  ])("takes over %s", (_key, parts, expected) => {
    const duplicate = _key === "workdir" ? file(parts).replace("workdir: /srv/site, ", "") : file(parts);
    expect(imported(duplicate).actions["site"]).toMatchObject(expected);
  });

  it("has no param where nothing is pulled, so that it can be started by its name alone", () => {
    expect(action({ action: "pull: no" })).not.toHaveProperty("params");
    expect(action({ action: "pull: no" })).toMatchObject({
      on: [{ source: "site", event: "push", branch: "main" }],
    });
  });

  it("takes the secret of the automaton before that of its provider", () => {
    const own = "its-own-0123456789abcdef";
    const { sources, notes } = imported(file({ automaton: `provider_options: { secret: ${own} }` }));
    expect(sources["site"]?.["secrets"]).toEqual([own]);
    expect(notes).toEqual([]);
  });

  it("takes the automaton's own provider, which was never read", () => {
    const { sources, notes } = imported(
      file({ top: "", automaton: `provider: gogs, provider_options: { secret: ${SECRET} }` }),
    );
    expect(sources["site"]).toEqual({
      kind: "gogs",
      body_secret: true,
      path: "/webhook/site",
      secrets: [SECRET],
    });
    expect(notes).toEqual([
      "provider: webhooks_automata read it from the top of the file alone; here each automaton's own counts",
      "source site: newer Gogs no longer sends the secret in the body; for one, remove body_secret",
    ]);
  });

  it("with plain runs the commands at any request, and nothing else", () => {
    const { sources, actions, notes } = imported(
      file({ top: "", action: "pre_commands: [[a]], post_commands: [[b]]" }),
    );
    expect(sources["site"]).toEqual({ kind: "generic", path: "/webhook/site", unsafe_no_auth: true });
    expect(actions["site"]).toEqual({
      on: [{ source: "site" }],
      concurrency: { group: "automata" },
      workdir: "/srv/site",
      steps: [{ run: ["make"] }],
    });
    expect(notes).toEqual([
      "source site: its provider was plain, so anybody could use it; give it a secret, or keep unsafe_no_auth",
      "action site: plain never looked at pre_commands, post_commands, repodir, branch; left out",
    ]);
  });

  it.each<[string, FileParts, string]>([
    [
      "log_level",
      { top: `${GITHUB}\nlog_level: INFO` },
      "log_level: there is no such setting here; the server's log has what matters",
    ],
    [
      "a provider that nobody uses",
      { top: GITHUB.replace("} }", "}, gogs: { secret: x } }") },
      "providers.gogs: no automaton uses it; it is left out",
    ],
    [
      "no branch",
      { config: "repodir: /srv/site" },
      "action site: no branch was named, so a push to any starts it; add branch to its rule",
    ],
    [
      "no repodir",
      { config: "branch: main" },
      "action site: it was to pull, but has no config.repodir; add a git step",
    ],
    [
      "a workdir that did not count",
      { config: "repodir: /srv/repo, branch: main" },
      "action site: its commands ran in /srv/repo once that was pulled, not in workdir; here in workdir",
    ],
    [
      "a number in a command",
      { action: "post_commands: [[sleep, 5]]" },
      "action site: YAML reads an argument as 5, which is no text; look whether it is as meant",
    ],
    [
      "a command that is a line",
      { action: "post_commands: ['ls -l']" },
      'action site: "ls -l" was run as the name of one program; split it into a list',
    ],
    [
      "an empty command",
      { action: "post_commands: [[]]" },
      "action site: [] can't be a command here, so that step fails; write it anew",
    ],
    [
      "a template in a script",
      { action: "post_commands: [[sh, -c, 'echo ${{ x }}']]" },
      `action site: ["sh","-c","echo \${{ x }}"] can't be a command here, so that step fails; write it anew`,
    ],
    [
      "an unknown key at the top",
      { top: `${GITHUB}\nlisten_prot: 1` },
      "listen_prot: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown key of a provider",
      { top: GITHUB.replace("} }", ", user: x } }") },
      "providers.github.user: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown key of an automaton",
      { automaton: "actions: x" },
      "automata.site.actions: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown option",
      { automaton: `provider_options: { secret: ${SECRET}, user: x }` },
      "automata.site.provider_options.user: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown key of config",
      { config: "repodir: /srv/site, branch: main, dir: x" },
      "automata.site.config.dir: webhooks_automata did not know this key; it is left out",
    ],
    [
      "an unknown key of action",
      { action: "command: x" },
      "automata.site.action.command: webhooks_automata did not know this key; it is left out",
    ],
  ])("says of %s what becomes of it", (_what, parts, note) => {
    expect(imported(file(parts)).notes).toEqual([note]);
  });

  it("says that options no longer leak from one automaton to the next", () => {
    const more = `  other: { config: { repodir: /r, branch: b }, action: { workdir: /r } }\n`;
    const { notes, sources } = imported(
      file({ automaton: "provider_options: { secret: another-0123456789 }" }) + more,
    );
    expect(sources["other"]?.["secrets"]).toEqual([SECRET]);
    expect(notes).toEqual([
      "provider_options: those of one automaton also counted for all after it; here they are its own",
    ]);
  });

  it("may have an automaton that does nothing", () => {
    const text = `automata: { idle: { action: { workdir: /x } } }`;
    const { actions, notes } = imported(text);
    expect(actions["idle"]).toMatchObject({ steps: [{ run: ["true"] }] });
    expect(notes).toContain("action idle: it had no commands");
  });

  it("keeps what looks like our own templates and variables as it is", () => {
    const { settings } = imported(
      file({
        top: GITHUB.replace(SECRET, "'pa${HOME}ss-0123456789'"),
        action: "workdir: '/srv/${HOME}', post_commands: [[echo, '${HOME} ${{ x }}']]",
      }).replace("workdir: /srv/site, ", ""),
    );
    expect(settings.secretValues).toEqual(["pa${HOME}ss-0123456789"]);
    expect(settings.actions["site"]?.workdir).toBe("/srv/${HOME}");
    expect(settings.actions["site"]?.steps.at(-1)?.options).toEqual(["echo", '${HOME} ${{ "$" }}{{ x }}']);
  });
});
