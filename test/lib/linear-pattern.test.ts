import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPattern, compilePattern, literal } from "../../src/lib/linear-pattern.ts";
import { shorten } from "../../src/lib/shorten.ts";

describe("a pattern", () => {
  it("finds a part, or fits the whole", () => {
    const pattern = compilePattern("b+|a");
    expect([pattern.finds("xbbx"), pattern.fits("bb"), pattern.fits("xbb"), pattern.fits("ab")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(compilePattern("^a$").fits("a\n")).toBe(false);
  });

  it.each(["(?=a)", "(?<!a)b", "(a)\\1", "[", "(", "*", "a{2,1}", "\\"])("%s is none", (source) => {
    expect(checkPattern(source)).toContain(`${source} is not a regular expression of RE2`);
  });

  it("is none when it would grow without bounds", () => {
    expect(checkPattern("((a{100}){100}){100}")).toContain("is not a regular expression of RE2");
  });

  it("of literals fits that text alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        const chars = Array.from(text);
        expect(compilePattern(chars.map((char) => literal(char)).join("")).fits(text)).toBe(true);
        for (const char of chars) {
          expect(compilePattern(`[${literal(char)}]`).fits(char)).toBe(true);
          expect(compilePattern(`[^${literal(char)}]`).finds(char)).toBe(false);
        }
      }),
    );
  });
});

describe("shorten", () => {
  it.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["", 3, ""],
  ])("%j to %d: %j", (text, max, expected) => expect(shorten(text, max)).toBe(expected));
});
