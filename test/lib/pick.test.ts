import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, listAt, numberAt, textAt } from "../../src/lib/pick.ts";

const VALUE: unknown = JSON.parse(
  '{"a":{"b":["x",{"c":0}]},"empty":"","n":12,"big":12345678901234567890,"inf":1e999,"half":1.5,"__proto__":{"own":"yes"}}',
);

describe("pick", () => {
  it.each([
    [["a", "b", "1", "c"], 0],
    [["a", "b", "length"], 2],
    [["a", "nope", "c"], undefined],
    [["a", "b", "0", "length"], undefined],
    [["constructor"], undefined],
    [["a", "toString"], undefined],
    [["__proto__", "own"], "yes"],
    [["a", "__proto__"], undefined],
  ])("at %j is %j", (path, expected) => expect(at(VALUE, ...path)).toEqual(expected));

  it("reads texts and ids, and no number that is not exact", () => {
    expect(["empty", "n", "big", "inf", "half", "a"].map((key) => textAt(VALUE, key))).toEqual([
      null,
      "12",
      null,
      null,
      null,
      null,
    ]);
  });

  it("reads numbers and lists", () => {
    expect(numberAt(VALUE, "n")).toBe(12);
    expect(numberAt(VALUE, "empty")).toBeNull();
    expect(listAt(VALUE, "a", "b")).toHaveLength(2);
    expect(listAt(VALUE, "a")).toEqual([]);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.string()), (value, path) => {
        expect(Array.isArray(listAt(value, ...path))).toBe(true);
        expect(() => [at(value, ...path), textAt(value, ...path), numberAt(value, ...path)]).not.toThrow();
      }),
    );
  });
});
