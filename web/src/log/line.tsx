import Anser from "anser";
import type { JSX } from "preact";
import { memo } from "preact/compat";
import type { LogEntryWire } from "../../../src/client/schemas.ts";
import { formatExact } from "../format.ts";
import { withColours } from "./clean.ts";

interface Piece {
  readonly text: string;
  readonly class: string;
  readonly style: Readonly<Record<string, string>>;
}

const NO_STYLE = {};

/** A line cut where its colours change. Colours are classes; the many of 24 bits are set by script, which the policy allows. */
function piecesOf(text: string): readonly Piece[] {
  const clean = withColours(text);
  if (!clean.includes("\u001B")) return [{ text: clean, class: "", style: NO_STYLE }];
  return Anser.ansiToJson(clean, { use_classes: true, remove_empty: true }).map((piece) => ({
    text: piece.content,
    class: [nameOf(piece.fg, ""), nameOf(piece.bg, "-bg"), ...piece.decorations.map((each) => `ansi-${each}`)]
      .filter((each) => each !== "")
      .join(" "),
    style: {
      ...colour("color", piece.fg, piece.fg_truecolor),
      ...colour("background-color", piece.bg, piece.bg_truecolor),
    },
  }));
}

/** `ansi-red`, `ansi-bright-red` stay; of the palette and of true colours the value is needed. */
const nameOf = (name: string | null, end: string): string =>
  name === null || /palette|truecolor/.test(name) ? "" : `${name}${end}`;

function colour(property: string, name: string | null, trueColour: string | null): Record<string, string> {
  if (trueColour !== null && name === "ansi-truecolor") return { [property]: `rgb(${trueColour})` };
  const [, index] = /^ansi-palette-(\d+)$/.exec(name ?? "") ?? [];
  return index === undefined ? {} : { [property]: `rgb(${paletteColour(Number(index))})` };
}

/** The colours 16 to 255 of xterm: a cube of 6 × 6 × 6, then 24 greys. */
function paletteColour(index: number): string {
  if (index >= 232) return Array.from({ length: 3 }, () => 8 + (index - 232) * 10).join(", ");
  const cube = index - 16;
  const level = (part: number): number => (part === 0 ? 0 : 55 + part * 40);
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level).join(", ");
}

interface LineProps {
  readonly entry: LogEntryWire;
  readonly number: number;
  /** In lower case; empty: nothing is searched. */
  readonly search: string;
  readonly current: boolean;
}

export const Line = memo(({ entry, number, search, current }: LineProps): JSX.Element => {
  const pieces = piecesOf(entry.text);
  return (
    <div class={`log-line ${entry.stream}${current ? " current" : ""}`}>
      <span class="log-number" title={formatExact(entry.time)}>
        {number}
      </span>
      <span class="log-text">
        {pieces.map((piece, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- pieces of a line never change
          <span key={index} class={piece.class} style={piece.style}>
            {search === "" ? piece.text : marked(piece.text, search)}
          </span>
        ))}
      </span>
    </div>
  );
});

/** Lower case may be longer than the text (İ); then nothing is marked rather than the wrong letters. */
function marked(text: string, search: string): (string | JSX.Element)[] {
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return [text];
  const parts: (string | JSX.Element)[] = [];
  let from = 0;
  for (let at = lower.indexOf(search); at !== -1; at = lower.indexOf(search, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + search.length)}</mark>);
    from = at + search.length;
  }
  return [...parts, text.slice(from)];
}
