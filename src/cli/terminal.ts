import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import sliceAnsi from "slice-ansi";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/*
 * What a task prints, a commit says or a sender claims must not be able to move the cursor, hide or reorder text, set the
 * title or talk to the terminal. Everything that people are shown goes through `sanitize`.
 */

/** Always on: an output drops them when its stream is not to have any. */
export const colors = pc.createColors(true);

const SGR = String.raw`(?:\x1b\[|\x9b)(?<sgr>[\d;:]*)m`;
/** Cursor movements, modes, queries. */
const CSI = String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?`;
/** Titles, links, device strings: up to their end, or that of the text. */
const STRING = String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\n]*?(?:\x07|\x1b\\|\x9c|(?=\n)|$)`;
const ESCAPE = String.raw`\x1b[ -/]*[0-~]?`;
/** C0 but tab and line feed, DEL, C1; what overrides the order of text; line ends that only some programs know. */
const CONTROL = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]`;
const UNSAFE = new RegExp([SGR, STRING, CSI, ESCAPE, CONTROL].join("|"), "g");

const RESET = "\x1b[0m";

/**
 * Text that is safe to write to a terminal: of escape sequences only colours stay, and end with their line; other control
 * characters become visible (`^G`).
 */
export function sanitize(text: string): string {
  let colored = false;
  const safe = text.replace(UNSAFE, (match: string, sgr: string | undefined) => {
    if (sgr === undefined) return visible(match);
    const kept = colorsOf(sgr);
    if (kept === null) return "";
    colored = true;
    return `\x1b[${kept}m`;
  });
  return colored ? safe.split("\n").map(endColors).join("\n") : safe;
}

const endColors = (line: string): string => (line.includes("\x1b") ? line + RESET : line);

function visible(match: string): string {
  const code = match.codePointAt(0) ?? 0;
  if (code === 0x1b || match.length > 1) return "";
  if (code < 0x20 || code === 0x7f) return `^${String.fromCodePoint(code ^ 0x40)}`;
  return "\ufffd";
}

const isColor = (code: number): boolean =>
  code <= 4 ||
  (code >= 21 && code <= 24) ||
  (code >= 30 && code <= 49 && code !== 38 && code !== 48) ||
  (code >= 90 && code <= 107);

/** The parameters of an SGR sequence that only colour or weigh text (no blinking, hiding, reversing); null when none. */
function colorsOf(params: string): string | null {
  const codes = params.split(/[;:]/).map(Number);
  const kept: number[] = [];
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    const length = code === 38 || code === 48 ? extendedLength(codes[index + 1]) : 1;
    if (length > 1 || isColor(code)) kept.push(...codes.slice(index, index + length));
    index += Math.max(1, length) - 1;
  }
  return kept.length === 0 ? null : kept.join(";");
}

/** `38;5;N` and `38;2;R;G;B`. */
const extendedLength = (kind: number | undefined): number => (kind === 5 ? 3 : kind === 2 ? 5 : 1);

export const withoutColors = (text: string): string => stripVTControlCharacters(text);

/** Columns that it takes: wide characters count two. */
export const widthOf = (text: string): number => stringWidth(text);

/** Safe, and in one line. */
export const oneLine = (text: string): string => sanitize(text).replaceAll(/\s+/g, " ");

/** A line that is wider than so many columns ends in `…`. */
export const cut = (line: string, columns: number): string =>
  widthOf(line) <= columns ? line : `${sliceAnsi(line, 0, Math.max(0, columns - 1))}…`;

/** In lines of so many columns, all after the first indented as the text's own indent plus `hang`. */
export function wrap(text: string, columns: number, hang = 0): string {
  const indent = /^ */.exec(text)?.[0] ?? "";
  const room = columns - indent.length - hang;
  // A column as narrow as that is better wrapped by the terminal itself.
  if (!Number.isFinite(columns) || room < 16) return text;
  const [first = "", ...rest] = wrapAnsi(text.slice(indent.length), room).split("\n");
  return [indent + first, ...rest.map((line) => indent + " ".repeat(hang) + line)].join("\n");
}
