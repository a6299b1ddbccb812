import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./settings-file.ts";

const PASSWORD = "hunter22hunter22";

describe("a file that is no good YAML", () => {
  it.each([
    ["a tab", "sources:\n\ta: x\n", "2:1: a tab stands where YAML wants spaces; indent with spaces"],
    [
      "a second document",
      "store: sqlite:a\n---\nwork: {}\n",
      "2:1: expected one YAML document; remove the `---`",
    ],
    [
      "two colons",
      `store: a: ${PASSWORD}\n`,
      "1:8: a second `: ` stands in one line; put a text that holds `: ` in quotes",
    ],
    [
      "an alias without an anchor",
      `store: *${PASSWORD}\n`,
      "1:8: this alias has no anchor; put a text that starts with `*` in quotes",
    ],
    [
      "an alias in what it stands for",
      "sources: &a [*a]\n",
      "1:14: this alias stands inside of what it stands for",
    ],
    [
      "an unknown tag",
      `store: !${PASSWORD} sqlite:x\n`,
      "1:8: tags are not used here; put a text that starts with `!` in quotes",
    ],
    [
      "an object of Python",
      "store: !!python/object:os.system sqlite:x\n",
      "1:8: tags are not used here; put a text that starts with `!` in quotes",
    ],
    [
      "a reserved character",
      `store: @${PASSWORD}\n`,
      "1:8: a text can't start with this character; put it in quotes",
    ],
    [
      "a text behind a quoted one",
      `store: 'x' ${PASSWORD}\n`,
      "1:12: this does not belong here; put a text with special characters in quotes",
    ],
    [
      "an unknown escape",
      `store: "\\q${PASSWORD}"\n`,
      "1:9: there is no such escape; in double quotes a backslash is written `\\\\`",
    ],
    [
      "a missing colon",
      `store: x\n${PASSWORD}\n`,
      "2:1: implicit map keys need to be followed by map values",
    ],
    ["a key that is a list", "? [a]\n: b\n", "1:3: expected a text as key"],
    ["an unknown directive", `%${PASSWORD}\n---\nstore: x\n`, "1:1: this is not valid YAML"],
    ["__proto__", "sources: { __proto__: {} }\n", "1:12: __proto__ can't be a key"],
    [
      "nesting without end",
      `sources: ${"[".repeat(100_000)}`,
      expect.stringMatching(/^1:\d+: the file nests too deep$/),
    ],
    ["nothing at all", "", "1:1: the file is empty; expected a map with the keys sources and actions"],
    [
      "comments only",
      "# sources:\n",
      "1:1: the file is empty; expected a map with the keys sources and actions",
    ],
    ["too much", `# ${"x".repeat(1_048_576)}\n`, "1:1: the file is larger than 1 MiB"],
  ])("%s", async (_what, text, problem) => {
    const problems = await problemsOf(text);
    expect(problems).toEqual([problem]);
    expect(problems.join()).not.toContain(PASSWORD);
  });

  it("tells of a key that stands twice, and goes on", async () => {
    expect(
      await problemsOf("store: sqlite:a\nstore: sqlite:b\nsources:\n  a: 1\n  a: 2\nwrok: {}\n"),
    ).toEqual([
      "2:1: this key stands here twice; each may stand only once",
      "4:3 sources.a: expected a map with kind and secrets",
      "5:3: this key stands here twice; each may stand only once",
      '6:1 wrok: unknown key; did you mean "work"?',
    ]);
  });

  it.each([
    ["Latin-1", Buffer.from("store: sqlite:a\n# caf\xe9\n", "latin1"), "2:6: the file is not UTF-8 text"],
    ["UTF-16", Buffer.from("\uFEFFstore: sqlite:a\n", "utf16le"), "1:1: the file is not UTF-8 text"],
  ])("%s", async (_what, bytes, problem) => {
    expect(await problemsOf(bytes)).toEqual([problem]);
  });

  it("bounds what aliases of aliases grow to", async () => {
    const names = "abcdefghij";
    const lines = Array.from(names, (name, index) => {
      const item = index === 0 ? "x" : `*${names[index - 1] ?? ""}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => item).join(", ")}]`;
    });
    const started = performance.now();
    expect(await problemsOf(lines.join("\n"))).toEqual(["1:1: the aliases (`*name`) stand for too much"]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("a file that is good YAML", () => {
  it("may begin with a byte order mark, end lines with CR LF, and use anchors", async () => {
    const text = "\uFEFFactions:\r\n  a: &a { steps: [{ run: [x] }] }\r\n  b: *a\r\n";
    const { actions } = await load(text);
    expect(Object.keys(actions)).toEqual(["a", "b"]);
    expect(actions["b"]).toMatchObject({ name: "b", steps: [{ name: "x" }] });
  });

  it("knows `on` as a key and `no` as a text", async () => {
    const { actions } = await load("actions: { a: { on: [], steps: [{ run: [no] }] } }");
    expect(actions["a"]?.steps[0]?.options).toEqual(["no"]);
  });

  it("places a problem behind an alias where the anchor is", async () => {
    const problems = await problemsOf("sources:\n  a: &s { kind: githb, unsafe_no_auth: true }\n  b: *s\n");
    expect(problems.map((problem) => problem.replace(/: there is no kind.*/, ""))).toEqual([
      "2:11 sources.a.kind",
      "2:11 sources.b.kind",
    ]);
  });
});
