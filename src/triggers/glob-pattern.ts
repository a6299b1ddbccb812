import { literal } from "../lib/linear-pattern.ts";

/**
 * A glob as a regular expression of RE2 that fits the same texts. Throws an Error of one sentence that says what is wrong.
 *
 * `*` any characters but `/` · `**` any characters · `?` one but `/` · `[a-z]`, `[!a-z]` one of these, or none of them ·
 * `{a,b}` one of these · `\*` a plain `*`. `a/**` is all below `a`, and `**` + `/b` is `b` at any depth, also the top.
 */
export function globPattern(glob: string): string {
  const { pattern, end } = readSequence(glob, 0, false);
  if (end < glob.length) throw new Error(`there is no { before the } at character ${end + 1}`);
  // s: file names may hold a newline.
  return `(?s)${pattern}`;
}

interface Part {
  readonly pattern: string;
  /** Where the rest of the glob starts. */
  readonly end: number;
}

/** Up to the glob's end, or (in braces) to the next `,` or `}`. */
function readSequence(glob: string, start: number, inBraces: boolean): Part {
  let pattern = "";
  let at = start;
  while (at < glob.length && glob[at] !== "}" && !(inBraces && glob[at] === ",")) {
    const part = readPart(glob, at);
    pattern += part.pattern;
    at = part.end;
  }
  return { pattern, end: at };
}

function readPart(glob: string, at: number): Part {
  switch (glob[at]) {
    case "*":
      return readStars(glob, at);
    case "?":
      return { pattern: "[^/]", end: at + 1 };
    case "[":
      return readClass(glob, at);
    case "{":
      return readBraces(glob, at);
    case "\\":
      return readEscape(glob, at);
    default:
      return readChar(glob, at);
  }
}

function readChar(glob: string, at: number): Part {
  const char = String.fromCodePoint(glob.codePointAt(at) ?? 0);
  return { pattern: literal(char), end: at + char.length };
}

function readEscape(glob: string, at: number): Part {
  if (at + 1 >= glob.length) throw new Error("there is nothing after the \\ at its end");
  return readChar(glob, at + 1);
}

function readStars(glob: string, start: number): Part {
  let end = start;
  while (glob[end] === "*") end += 1;
  if (end - start === 1) return { pattern: "[^/]*", end };
  const startsSegment = start === 0 || glob[start - 1] === "/";
  if (startsSegment && glob[end] === "/") return { pattern: "(?:.*/)?", end: end + 1 };
  return { pattern: ".*", end };
}

function readClass(glob: string, start: number): Part {
  const negated = glob[start + 1] === "!" || glob[start + 1] === "^";
  let at = start + (negated ? 2 : 1);
  let pattern = "";
  while (at < glob.length && glob[at] !== "]") {
    const range = glob[at] === "-" && pattern !== "" && glob[at + 1] !== "]";
    const part = range
      ? { pattern: "-", end: at + 1 }
      : glob[at] === "\\"
        ? readEscape(glob, at)
        : readChar(glob, at);
    pattern += part.pattern;
    at = part.end;
  }
  if (at >= glob.length) throw new Error(`the [ at character ${start + 1} is not closed`);
  if (pattern === "") throw new Error(`the [] at character ${start + 1} is empty`);
  return { pattern: negated ? `[^/${pattern}]` : `[${pattern}]`, end: at + 1 };
}

function readBraces(glob: string, start: number): Part {
  const choices: string[] = [];
  let at = start;
  do {
    const choice = readSequence(glob, at + 1, true);
    choices.push(choice.pattern);
    at = choice.end;
  } while (glob[at] === ",");
  if (glob[at] !== "}") throw new Error(`the { at character ${start + 1} is not closed`);
  return { pattern: `(?:${choices.join("|")})`, end: at + 1 };
}
