import { expect, it } from "vitest";
import { pythonJson } from "../../src/outbound/python-json.ts";

/** Each recorded from Python 3's `json.dumps`. */
it.each([
  [{}, "{}"],
  [[], "[]"],
  [{ a: 1, b: [true, false, null], c: { d: "" } }, '{"a": 1, "b": [true, false, null], "c": {"d": ""}}'],
  ["é ü € 日本", '"\\u00e9 \\u00fc \\u20ac \\u65e5\\u672c"'],
  ["\u{1f600}", '"\\ud83d\\ude00"'],
  ['\u0000\b\t\n\f\r\u001f\u007f"\\/', '"\\u0000\\b\\t\\n\\f\\r\\u001f\\u007f\\"\\\\/"'],
  ["\u2028\ud800", '"\\u2028\\ud800"'],
  [-5, "-5"],
])("%j is written as Python writes it", (value, text) => {
  expect(pythonJson(value)).toBe(text);
});

it("leaves out what is not known", () => {
  expect(pythonJson({ a: undefined, b: 1 })).toBe('{"b": 1}');
});
