import { StringDecoder } from "node:string_decoder";

/** Text in, text out, with some held back between: `createMasker(…).stream()` is one. */
export interface TextFilter {
  push(text: string): string;
  flush(): string;
}

export interface LineSplitterOptions {
  /** Called for each line, without its end. */
  readonly onLine: (line: string) => void;
  /** Longest line in UTF-16 units; a longer one comes in pieces. Default 16,384. */
  readonly maxLength?: number | undefined;
  /** Applied to the text before it is split, so that it sees across chunks and lines. */
  readonly filter?: TextFilter | undefined;
}

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Gives out what came after the last line end. */
  end(): void;
}

/**
 * Cuts a command's output into lines. `\n` and `\r\n` end a line. After a lone `\r` the line starts anew, as on a
 * terminal, so of a progress display only its last state is kept. What is no UTF-8 becomes U+FFFD.
 */
export function createLineSplitter({
  onLine,
  maxLength = 16_384,
  filter,
}: LineSplitterOptions): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let line = "";
  /** A `\r` came last: the next character decides whether it was part of a line end. */
  let returned = false;

  function add(text: string): void {
    if (text === "") return;
    line = returned ? text : line + text;
    returned = false;
    while (line.length > maxLength) {
      const end = cutAt(line, maxLength);
      onLine(line.slice(0, end));
      line = line.slice(end);
    }
  }

  function finish(): void {
    onLine(line);
    line = "";
    returned = false;
  }

  function split(text: string): void {
    let start = 0;
    for (const { index, 0: end } of text.matchAll(/\r*\n|\r+/g)) {
      add(text.slice(start, index));
      start = index + end.length;
      if (end.endsWith("\n")) finish();
      else returned = true;
    }
    add(text.slice(start));
  }

  return {
    push(chunk) {
      const text = decoder.write(chunk);
      split(filter === undefined ? text : filter.push(text));
    },
    end() {
      const text = decoder.end();
      split(filter === undefined ? text : filter.push(text) + filter.flush());
      if (line !== "") finish();
    },
  };
}

/** Not between the two halves of one character. */
function cutAt(text: string, length: number): number {
  const last = text.charCodeAt(length - 1);
  const isHighSurrogate = last >= 0xd8_00 && last <= 0xdb_ff;
  return isHighSurrogate && length > 1 ? length - 1 : length;
}
