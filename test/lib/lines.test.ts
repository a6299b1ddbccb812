import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineSplitter, type LineSplitterOptions } from "../../src/lib/lines.ts";
import { createMasker } from "../../src/lib/masking.ts";

function split(
  chunks: readonly (string | Buffer)[],
  options: Omit<LineSplitterOptions, "onLine"> = {},
): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter({ ...options, onLine: (line) => lines.push(line) });
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return lines;
}

describe("createLineSplitter", () => {
  it("gives the same lines however the bytes are cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "é", "😀", "\n", "\r", " "), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 6 }), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(split(chunks)).toEqual(split([bytes]));
      }),
    );
  });

  it.each([
    ["one\ntwo\n", ["one", "two"]],
    ["one\r\ntwo", ["one", "two"]],
    ["\n\nx", ["", "", "x"]],
    ["", []],
    ["1%\r50%\r100%\ndone\n", ["100%", "done"]],
    ["1%\r100%\r", ["100%"]],
    ["100%\r\r\nnext", ["100%", "next"]],
  ])("splits %j", (text, lines) => {
    expect(split([text])).toEqual(lines);
  });

  it("bounds the length of a line without cutting a character in two", () => {
    const lines = split([`${"a".repeat(9)}😀${"b".repeat(9)}\nc`], { maxLength: 10 });
    expect(lines).toEqual(["a".repeat(9), `😀${"b".repeat(8)}`, "b", "c"]);
  });

  it("keeps memory bounded on endless output without a line end", () => {
    let longest = 0;
    const splitter = createLineSplitter({
      maxLength: 100,
      onLine: (line) => (longest = Math.max(longest, line.length)),
    });
    for (let count = 0; count < 1_000; count += 1) splitter.push(Buffer.alloc(1_000, "x"));
    expect(longest).toBe(100);
  });

  it("replaces what is no UTF-8", () => {
    expect(split([Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82])])).toEqual(["a\u{FFFD}b", "\u{FFFD}"]);
  });

  it("filters before it splits, so that a secret of two lines in three chunks is masked", () => {
    const filter = createMasker(["first line\nsecond line"]).stream();
    expect(split(["x first", " line\nsec", "ond line y\n"], { filter })).toEqual(["x *** y"]);
  });
});
