import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { importWebhooksAutomata } from "../../../src/settings/import/webhooks-automata.ts";
import { imported, SECRET } from "./imported.ts";

describe("a file that is none of webhooks_automata", () => {
  it.each([
    [
      "nothing",
      "",
      "settings:1:1: this is no settings file of webhooks_automata: it has no automata and no repositories",
    ],
    [
      "a list",
      "- a",
      "settings:1:1: this is no settings file of webhooks_automata: it has no automata and no repositories",
    ],
    [
      "ours",
      "actions: {}",
      "settings:1:1: this is no settings file of webhooks_automata: it has no automata and no repositories",
    ],
    ["no map of automata", "automata: 3", "settings:1:1 automata: expected a map, not a number"],
    ["no map of repositories", "repositories: 3", "settings:1:1 repositories: expected a map, not a number"],
    [
      "wrong types",
      "automata:\n  a:\n    action: { pull: maybe, commands: 3 }\n    config: []",
      "settings:3:15 automata.a.action.pull: expected true or false, not a text\nsettings:3:28 automata.a.action.commands: expected a list, not a number\nsettings:4:5 automata.a.config: expected a map, not a list",
    ],
    [
      "a missing key",
      "repositories: { a: { repodir: /x, commands: [] } }",
      "settings:1:17 repositories.a.workdir: is missing; expected a text",
    ],
    [
      "an endpoint without a suffix",
      "automata: [{ endpoint: { provider: plain }, action: { type: script } }]",
      "settings:1:14 automata[0].endpoint.suffix: is missing; expected a text",
    ],
    ["a tab", "automata:\n\ta: {}", "settings:2:1: a tab stands where YAML wants spaces; indent with spaces"],
    [
      "aliases without end",
      "automata: &a [*a]",
      "settings:1:15: this alias stands inside of what it stands for",
    ],
    [
      "nesting without end",
      `automata: ${"[".repeat(50_000)}`,
      expect.stringMatching(/^settings:1:\d+: the file nests too deep$/),
    ],
    ["__proto__", "automata: { __proto__: {} }", "settings:1:13: __proto__ can't be a key"],
    ["too much", `# ${"x".repeat(1_100_000)}`, "settings:1:1: the file is larger than 1 MiB"],
  ])("%s is refused with its place", (_what, text, message) => {
    const expected: unknown = message;
    expect(() => importWebhooksAutomata(text)).toThrow(
      expect.objectContaining({ code: "settings:invalid", message: expected }),
    );
  });

  it("is not taken for one that runs code when it is read", () => {
    const text = `automata:\n  a:\n    action: { workdir: !!python/object/apply:os.system [id], commands: [[x]] }\n`;
    expect(() => importWebhooksAutomata(text)).toThrow("expected a text, not a list");
  });
});

describe("the output", () => {
  it("says at its top what to look at", () => {
    const { yaml, notes } = imported(
      "log_level: DEBUG\nautomata: { a: { action: { workdir: /x, commands: [[y]] } } }",
    );
    expect(yaml.split("\n").slice(0, notes.length + 1)).toEqual([
      "# Converted from webhooks_automata.",
      ...notes.map((note) => `# Look at this: ${note}`),
    ]);
    expect(notes.length).toBeGreaterThan(1);
  });

  it("has no place where a name of the file can become settings", () => {
    const name = "x\nactions: { evil: { steps: [{ run: [evil] }] } }\u2028sources: {}";
    const text = stringify({
      automata: { [name]: { action: { workdir: "/x", commands: [["y"]] } } },
      [name]: 1,
    });
    const { settings, notes } = imported(text);
    expect(Object.keys(settings.actions)).toEqual(["x-actions-evil-steps-run-evil-sources-"]);
    for (const note of notes) expect(note).not.toMatch(/[\n\u2028]/);
  });

  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "",
      "${HOME}",
      "${{ params.x }}",
      "$${",
      "-x",
      "sh",
      "-c",
      "*a",
      "!b",
      "a: b",
      "on",
      "1",
      "\n",
      "\u0000",
      "[",
      "{",
      "../x",
    ),
  );
  const scalar = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true }));
  const command = fc.oneof(word, fc.array(scalar, { maxLength: 4 }), scalar);
  const commands = fc.array(command, { maxLength: 3 });
  const path = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom("/srv/${X}", "${{ x }}", "-", "rel/ative"),
  );
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  // `<<` merges maps in YAML 1.1.
  const key = word.filter((text) => text !== "__proto__" && text !== "<<");
  const provider = fc.oneof(fc.constantFrom("plain", "github", "gogs", "gitlab"), fc.string());
  const extra = { extra: maybe(scalar) };

  const any2018 = fc.record({
    ...extra,
    listen_ip: maybe(scalar),
    listen_port: maybe(scalar),
    provider: fc.oneof(provider, fc.record({ name: provider, secret: maybe(scalar), ...extra })),
    repositories: fc.dictionary(
      key,
      fc.record({
        repodir: path,
        workdir: path,
        commands,
        branch: maybe(path),
        repo: maybe(path),
        submodules: maybe(fc.boolean()),
        ...extra,
      }),
      { maxKeys: 3 },
    ),
  });
  const any2021 = fc.record({
    ...extra,
    listen_ip: maybe(scalar),
    webhook_url_path: maybe(fc.string()),
    provider: maybe(provider),
    providers: maybe(
      fc.dictionary(key, fc.option(fc.record({ secret: maybe(scalar), ...extra })), { maxKeys: 2 }),
    ),
    automata: fc.dictionary(
      key,
      fc.record({
        provider: maybe(provider),
        provider_options: maybe(fc.record({ secret: maybe(scalar) })),
        config: maybe(fc.record({ repodir: maybe(path), branch: maybe(path), repo: maybe(path), ...extra })),
        action: fc.record({
          workdir: maybe(path),
          pull: maybe(fc.boolean()),
          git_binary: maybe(path),
          pre_commands: maybe(commands),
          commands: maybe(commands),
          ...extra,
        }),
      }),
      { maxKeys: 3 },
    ),
  });
  const any2023 = fc.record({
    ...extra,
    automata: fc.array(
      fc.record({
        endpoint: fc.record({ suffix: key, provider, secret_token: maybe(scalar), ...extra }),
        action: fc.record({
          type: fc.constantFrom("commands", "script", "other"),
          commands: maybe(commands),
          env: maybe(fc.dictionary(key, scalar, { maxKeys: 3 })),
          stop_on_error: maybe(fc.boolean()),
        }),
      }),
      { maxLength: 4 },
    ),
  });

  it.each([
    ["2018", any2018],
    ["2021", any2021],
    ["2023", any2023],
  ] as const)(
    "is valid settings whatever a file of %s holds, and has something on each unknown key",
    (_generation, files) => {
      const property = fc.property<[Readonly<Record<string, unknown>>]>(files, (data) => {
        const { notes } = imported(stringify(data, { version: "1.1" }));
        if (data["extra"] !== undefined)
          expect(notes.join()).toContain("extra: webhooks_automata did not know this key");
      });
      expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow();
    },
  );

  it("has every source, with its secret, and every action", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.string({ minLength: 1 }).filter((text) => text !== "__proto__"),
          { maxLength: 6 },
        ),
        (names) => {
          const automata = Object.fromEntries(
            names.map((name) => [
              name,
              { provider_options: { secret: SECRET + name }, action: { workdir: "/x", commands: [[name]] } },
            ]),
          );
          const { settings } = imported(stringify({ provider: "github", automata }, { version: "1.1" }));
          expect(Object.keys(settings.sources)).toHaveLength(names.length);
          expect(settings.secretValues).toEqual(expect.arrayContaining(names.map((name) => SECRET + name)));
          expect(Object.keys(settings.actions)).toHaveLength(names.length);
        },
      ),
    );
  });
});
