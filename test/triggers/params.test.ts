import { describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { checkValue, resolveParams } from "../../src/triggers/params.ts";
import { param } from "./build.ts";

describe("resolveParams", () => {
  it("fills defaults in and leaves out what is optional", () => {
    const specs = { a: param(), b: param({ required: false, default: "x" }), c: param({ required: false }) };
    expect(resolveParams({ specs, given: { a: "1" } })).toEqual({ a: "1", b: "x" });
    expect(resolveParams({ specs, given: { a: "1", b: "", c: "3" } })).toEqual({ a: "1", b: "", c: "3" });
  });

  it("says all that is wrong", () => {
    const specs = { sha: param({ pattern: "[0-9a-f]{4}" }), stage: param() };
    let thrown: unknown;
    try {
      resolveParams({ specs, given: { sha: "x", staeg: "y", toString: "z" } });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({
      code: "params:invalid",
      details: {
        problems: [
          "there is no param staeg; did you mean stage?",
          "there is no param toString",
          'sha is "x", which does not match [0-9a-f]{4}',
          "stage is missing",
        ],
      },
    });
  });

  it("takes no inherited value for a given one", () => {
    expect(resolveParams({ specs: { toString: param({ required: false }) }, given: {} })).toEqual({});
  });
});

describe("checkValue", () => {
  it.each([
    ["abc", "[a-c]+", null],
    ["abcd", "[a-c]+", "does not match"],
    ["xabc", "[a-c]+", "does not match"],
    ["b", "a|b", null],
    ["ab", "a|b", "does not match"],
    ["a\n", "a", "does not match"],
    ["a\n", "^a$", "does not match"],
    ["x\na", "(?m)^a$", "does not match"],
    ["", "a*", null],
    ["é", "\\p{L}", null],
  ])("%j by %s: %s", (value, pattern, problem) => {
    const found = checkValue("p", value, param({ pattern }));
    if (problem === null) expect(found).toBeNull();
    else expect(found).toContain(problem);
  });

  it("allows a leading dash only where the settings do", () => {
    expect(checkValue("p", "-x", param())).toContain("allow_leading_dash");
    expect(checkValue("p", "-x", param({ allowLeadingDash: true }))).toBeNull();
    expect(checkValue("p", "a-x", param())).toBeNull();
  });

  it("quotes a long value in short", () => {
    const problem = checkValue("p", "x".repeat(4_000), param({ pattern: "a" })) ?? "";
    expect(problem).toContain("x…");
    expect(problem.length).toBeLessThan(200);
  });

  it("is not held up by a value made for that", () => {
    const value = `${"a".repeat(4_000)}!`;
    expect(checkValue("p", value, param({ pattern: "^([a-z0-9]+-?)+$" }))).toContain("does not match");
  });
});
