import { describe, expect, it } from "vitest";
import {
  checkExpression,
  compileExpression,
  compileTemplate,
  expressionsIn,
  hasTemplate,
  kindOf,
  textOf,
} from "../../src/lib/expressions.ts";

const VARS = { event: { text: "abc", n: 5, list: ["a", "(", "b"], none: null } };
const value = (text: string): unknown => compileExpression(text).evaluate(VARS);

describe("an expression", () => {
  it.each([
    ["event.text", "abc"],
    ["event.n", 5],
    ["1 + 2", 3],
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740993", 9_007_199_254_740_993n],
    ["event.?nope", null],
    ["event.?text", "abc"],
    ["event.?a.?b.?c", null],
    ["event.list.size()", 3],
    ["event.list.filter(x, x != '(')", ["a", "b"]],
    ["as_text(event.text)", "abc"],
    ["as_text(event.n)", "5"],
    ["as_text(7)", "7"],
    ["as_text(event.n > 4.0)", "true"],
    ["as_text(event.list)", '["a","(","b"]'],
    ["as_text({'a': 1, 'b': [event.none]})", '{"a":1,"b":[null]}'],
    ["as_text(event.none)", ""],
    ["as_text(event.?nope.?deeper[?3])", ""],
    ["as_text(event.?list[?1])", "("],
  ])("%s is %s", (text, expected) => expect(value(text)).toEqual(expected));

  it.each([
    ["event.nope", "No such key: nope"],
    ["event.constructor", "No such key: constructor"],
    ["event.text.constructor", "No such key: constructor"],
    ["event.n + 1", "no such overload: dyn<double> + int"],
    ["nope", "Unknown variable: nope"],
    ["event.list[9]", "No such key: index out of bounds, index 9 >= size 3"],
  ])("%s fails: %s", (text, message) => expect(() => value(text)).toThrow(message));

  it("fails in one line, not too long", () => {
    const long = compileExpression("event.map[event.key]");
    const evaluate = () => long.evaluate({ event: { map: {}, key: "x\n".repeat(10_000) } });
    expect(evaluate).toThrow(/^[^\n]{1,500}$/);
  });

  it.each([
    ["event.branch ==", /at character \d+/],
    ["'open", /at character \d+/],
    ["a b", /at character \d+/],
    ["", /at character \d+/],
    ['event.text.matches("[")', /not a regular expression of RE2/],
  ])("%j can't be compiled, and it says where", (text, message) => {
    expect(checkExpression(text)).toMatch(message);
    expect(() => compileExpression(text)).toThrow(message);
  });
});

describe("matches()", () => {
  it.each([
    ['event.text.matches("b")', true],
    ['event.text.matches("^b")', false],
    ['!event.text.matches("^b$")', true],
    ['event.list.exists(x, x.matches("^b$"))', true],
    ['event.list.all(x, x.matches("^.$"))', true],
    ['event.list.exists_one(x, x.matches("[ab]"))', false],
    ['event.list.filter(x, x.matches("[(]"))', ["("]],
    ['event.list.map(x, x.matches("a"))', [true, false, false]],
    ['event.list.map(x, x.matches("a"), x + "!")', ["a!"]],
    ['event.list[0].matches("a") ? "yes" : "no"', "yes"],
    ['{"k": [event.text.matches("c")]}["k"][0]', true],
    ['(event.text + "x").matches("cx$") && true', true],
    ['event.text.matches("(?i)ABC")', true],
    ['event.text.matches("^" + event.text + "$")', true],
    ['event.?text.orValue("").matches("a")', true],
  ])("%s is %j, also within other calls", (text, expected) => expect(value(text)).toEqual(expected));

  it("takes time in proportion to the text, wherever the call stands", () => {
    const vars = { event: { text: "a".repeat(40), list: ["a".repeat(40)] } };
    for (const call of [
      "event.text.matches(p)",
      "event.list.exists(x, x.matches(p))",
      "event.list.map(x, x.matches(p))[0]",
    ]) {
      const text = call.replace("p)", '"(a+)+b")');
      expect(compileExpression(text).evaluate(vars)).toBe(false);
    }
  });

  it("says which pattern is none", () => {
    expect(() => value("event.text.matches(event.list[1])")).toThrow("( is not a regular expression of RE2");
  });
});

describe("a template", () => {
  it.each([
    ["plain", "plain"],
    ["${{ event.text }}", "abc"],
    ["a${{event.n}}b${{ 'x' }}", "a5bx"],
    ["${{ true }} ${{ 1.5 }} ${{ 9007199254740993 }}", "true 1.5 9007199254740993"],
    ["${ event.text } $${{ event.n }}", "${ event.text } $5"],
  ])("%j is %j", (text, expected) => expect(compileTemplate(text)(VARS)).toBe(expected));

  it.each([
    ["${{ event.none }}", "${{ event.none }} is null, not a text"],
    ["${{ event.?nope }}", "${{ event.?nope }} is null, not a text"],
    ["${{ event.list }}", "${{ event.list }} is a list, not a text"],
    ["${{ event }}", "${{ event }} is a map, not a text"],
    ["${{ event.nope }}", "No such key: nope"],
  ])("%j fails: %s", (text, message) => expect(() => compileTemplate(text)(VARS)).toThrow(message));

  it("lists its expressions", () => {
    expect(expressionsIn("a ${{ x }} b ${{y}}")).toEqual(["x", "y"]);
    expect([hasTemplate("${{ x }}"), hasTemplate("${x}")]).toEqual([true, false]);
  });
});

describe("a value as text", () => {
  it.each([
    ["a", "a", "a string"],
    ["", "", "a string"],
    [1, "1", "a number"],
    [-1.5, "-1.5", "a number"],
    [2 ** 53 - 1, "9007199254740991", "a number"],
    [2 ** 53, null, "a number too large to be exact"],
    [Number.POSITIVE_INFINITY, null, "a number too large to be exact"],
    [Number.NaN, null, "a number too large to be exact"],
    [2n ** 63n, "9223372036854775808", "a bigint"],
    [false, "false", "a boolean"],
    [null, null, "null"],
    [undefined, null, "null"],
    [[], null, "a list"],
    [{}, null, "a map"],
  ])("%s is %s, %s", (given, text, kind) => {
    expect(textOf(given)).toBe(text);
    expect(kindOf(given)).toBe(kind);
  });
});
