import fc from "fast-check";
import xterm from "@xterm/headless";
import { describe, expect, it } from "vitest";
import { cut, oneLine, sanitize, widthOf, wrap } from "../../src/cli/terminal.ts";

const ESC = "\x1b";
const RESET = "\x1b[0m";

describe("text for a terminal", () => {
  it.each([
    ["plain text", "plain text", "plain text"],
    ["a tab and a line feed", "a\tb\nc", "a\tb\nc"],
    ["wide characters, marks and emoji", "日本語 é 👩‍👩‍👧 עברית", "日本語 é 👩‍👩‍👧 עברית"],
    ["a colour, ended with its line", `${ESC}[31mred\nnext`, `${ESC}[31mred${RESET}\nnext`],
    ["weight and a bright colour", `${ESC}[1;96mx`, `${ESC}[1;96mx${RESET}`],
    [
      "a colour of 256, and a true one",
      `${ESC}[38;5;200;48;2;1;2;3mx`,
      `${ESC}[38;5;200;48;2;1;2;3mx${RESET}`,
    ],
    ["a colour beside what is not one", `${ESC}[5;31;8mx`, `${ESC}[31mx${RESET}`],
    ["hidden text", `${ESC}[8mhidden`, "hidden"],
    ["an extended colour that is cut short", `${ESC}[38mx`, "x"],
    ["clearing the screen", `a${ESC}[2J${ESC}[Hb`, "ab"],
    ["going up over what was written", `a${ESC}[99A${ESC}[2Kb`, "ab"],
    ["the other screen, and the mouse", `${ESC}[?1049h${ESC}[?1003hx`, "x"],
    ["asking where the cursor is", `${ESC}[6nx`, "x"],
    ["a title", `${ESC}]0;root@server\x07x`, "x"],
    ["a title ended the other way", `${ESC}]2;t${ESC}\\x`, "x"],
    ["a link", `${ESC}]8;;http://evil.example${ESC}\\text${ESC}]8;;${ESC}\\`, "text"],
    ["the clipboard", `${ESC}]52;c;cm0gLXJm${ESC}\\x`, "x"],
    ["a title without an end", `${ESC}]0;the rest of the line\nnext`, "\nnext"],
    ["a device string", `${ESC}P+q544e${ESC}\\x`, "x"],
    ["sequences of eight bits", "\x9b31mx\x9d0;t\x9cy\x90z\x9c", `${ESC}[31mxy${RESET}`],
    ["a full reset", `${ESC}cx`, "x"],
    ["another character set", `${ESC}(0x`, "x"],
    ["a sequence without an end", `x${ESC}[31`, "x"],
    ["an escape alone", `x${ESC}`, "x"],
    ["bell, backspace, return, delete", "a\x07\b\rb\x7f", "a^G^H^Mb^?"],
    ["marks that reorder text", "a\u202eb\u2066c", "a\ufffdb\ufffdc"],
    ["line ends of other programs", "a\u2028b\x85c", "a\ufffdb\ufffdc"],
  ])("%s", (_name, text, expected) => {
    expect(sanitize(text)).toBe(expected);
  });

  const hostile = fc
    .array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(
          ESC,
          `${ESC}[`,
          `${ESC}]0;`,
          "\x07",
          "\x9b",
          "\r",
          "\b",
          "31m",
          "2J",
          "A",
          ";",
          "\\",
          "日",
          "\n",
        ),
      ),
    )
    .map((parts) => parts.join(""));

  it("never holds a control character but those of colours, whatever it was", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        // oxlint-disable-next-line no-control-regex -- that is the question
        expect(sanitize(text).replaceAll(/\x1b\[[\d;]*m/g, "")).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });

  it("stays as it is when it is made safe twice, but for colours that are ended twice", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const once = sanitize(text);
        expect(sanitize(once).replaceAll(RESET, "")).toBe(once.replaceAll(RESET, ""));
      }),
    );
  });

  it("takes as many columns as is counted, on a real terminal", async () => {
    const lines = ["日本語", "é", "e\u0301", "^G", "한국어 text", `${ESC}[31mred${RESET}`];
    const widths = await Promise.all(
      lines.map(async (line) => {
        const terminal = new xterm.Terminal({ cols: 80, rows: 2, allowProposedApi: true });
        await new Promise<void>((resolve) => terminal.write(line, resolve));
        return terminal.buffer.active.cursorX;
      }),
    );
    expect(lines.map(widthOf)).toEqual(widths);
  });
});

describe("a line", () => {
  it("is safe and one line, whatever it was", () => {
    expect(oneLine(`a\n\n b\t${ESC}[2Jc\r`)).toBe("a b c^M");
  });

  it.each([
    ["fits", 4, "fits"],
    ["too long", 5, "too …"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["x", 0, "…"],
  ])("%j in %d columns is %j", (text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected);
  });

  it("keeps its colours when it is cut", () => {
    expect(cut(`${ESC}[31mabcdef${ESC}[39m`, 4)).toBe(`${ESC}[31mabc${ESC}[39m…`);
  });
});

describe("a paragraph", () => {
  it.each([
    ["at words, further lines further in", "  1. one two three four", 22, 3, "  1. one two three\n     four"],
    [
      "not where there is no terminal",
      "one two three four five six",
      Infinity,
      0,
      "one two three four five six",
    ],
    ["not where there is no room for it", "one two three", 10, 0, "one two three"],
    [
      "not inside a word: the terminal does that, and it can be copied",
      "x".repeat(20),
      16,
      0,
      "x".repeat(20),
    ],
  ])("is broken %s", (_name, text, columns, hang, expected) => {
    expect(wrap(text, columns, hang)).toBe(expected);
  });
});
