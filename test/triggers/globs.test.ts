import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGlob, globTest } from "../../src/triggers/globs.ts";

describe("a glob", () => {
  it.each<readonly [glob: string, fits: readonly string[], not: readonly string[]]>([
    ["main", ["main"], ["Main", "main2", "xmain", "main\n", ""]],
    ["*", ["a", "a.b", ".hidden", "a\nb", "été"], ["a/b", "/"]],
    ["**", ["a", "a/b/c", ".a/.b", ""], []],
    ["release/*", ["release/1", "release/.x"], ["release/1/2", "release", "xrelease/1"]],
    ["release/**", ["release/1", "release/1/2"], ["release", "releases/1"]],
    ["**/*.ts", ["a.ts", "a/b.ts", "a/b/c.ts"], ["a.tsx", "ts"]],
    ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["az", "a/bz", "b/a/z"]],
    ["v**", ["v", "v1/2"], ["1v"]],
    ["v?.?", ["v1.2"], ["v1.", "v1./", "v10.2"]],
    ["v[0-9].x", ["v1.x"], ["va.x", "v-.x"]],
    ["v[!0-9]", ["va", "v-"], ["v1", "v/"]],
    ["v[^0-9]", ["va"], ["v1", "v/"]],
    ["[a-]", ["a", "-"], ["b"]],
    ["[-a]", ["a", "-"], ["b"]],
    ["[\\]x]", ["]", "x"], ["\\"]],
    ["[.*^$]", [".", "*", "^", "$"], ["a", "\\"]],
    ["{main,release/*}", ["main", "release/1"], ["release", "main,release/1"]],
    ["{a,{b,c}/*}x", ["ax", "b/x", "c/yx"], ["x", "a", "d/x"]],
    ["a{,.bak}", ["a", "a.bak"], ["a."]],
    ["a,b", ["a,b"], ["a", "b"]],
    [
      "dependabot/npm/@types(node)+1|2$^",
      ["dependabot/npm/@types(node)+1|2$^"],
      ["dependabot/npm/@typesnode1"],
    ],
    ["a.b", ["a.b"], ["axb"]],
    ["\\*", ["*"], ["a", "\\*"]],
    ["\\{a\\}", ["{a}"], ["a"]],
    ["日本*", ["日本語"], ["日"]],
    ["😀?", ["😀!"], ["😀"]],
  ])("%j", (glob, fits, not) => {
    expect(checkGlob(glob)).toBeNull();
    const test = globTest([glob]);
    for (const text of fits) expect([text, test(text)]).toEqual([text, true]);
    for (const text of not) expect([text, test(text)]).toEqual([text, false]);
  });

  it.each([
    ["", "it is empty"],
    ["!", "it is empty"],
    ["a[b", "the [ at character 2 is not closed"],
    ["[]", "the [] at character 1 is empty"],
    ["a{b,c", "the { at character 2 is not closed"],
    ["ab}", "there is no { before the } at character 3"],
    ["a\\", "there is nothing after the \\ at its end"],
    ["![z-a]", "not a regular expression"],
  ])("%j is none: %s", (glob, problem) => expect(checkGlob(glob)).toContain(problem));

  it("without signs fits itself alone", () => {
    const plain = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !/[*?[{}\\]|^!/.test(text));
    fc.assert(
      fc.property(plain, fc.string({ unit: "binary" }), (glob, other) => {
        expect(globTest([glob])(glob)).toBe(true);
        expect(globTest([glob])(other)).toBe(glob === other);
      }),
    );
  });

  it("is valid or not, and never throws when asked", () => {
    const signs = fc.string({
      unit: fc.constantFrom("*", "?", "[", "]", "{", "}", ",", "!", "\\", "-", "/", "a"),
    });
    fc.assert(
      fc.property(signs, fc.string(), (glob, text) => {
        if (checkGlob(glob) === null) expect(typeof globTest([glob])(text)).toBe("boolean");
        else expect(checkGlob(glob)).not.toBe("");
      }),
      { numRuns: 1_000 },
    );
  });

  it("is not held up by a text made for that", () => {
    const text = "a".repeat(100_000);
    expect(globTest(["*a*a*a*a*a*b"])(text)).toBe(false);
    expect(globTest(["**/a*/**/a*/**/b"])("a/".repeat(20_000))).toBe(false);
  });
});

describe("a list of globs", () => {
  it.each([
    [["a", "b"], "b", true],
    [["!a"], "b", true],
    [["!a"], "a", false],
    [["*", "!a*"], "ab", false],
    [["!a*", "ab"], "ab", false],
    [[], "anything", true],
  ])("%j on %s: %s", (globs, text, expected) => expect(globTest(globs)(text)).toBe(expected));
});
