import { formatTable, type Table } from "./table.ts";
import { sanitize, withoutColors, wrap } from "./terminal.ts";

/** Where a command writes. Results go to stdout, everything else to stderr. */
export interface Output {
  readonly json: boolean;
  /** stdout is a terminal that can redraw a line. */
  readonly live: boolean;
  /** Width of the terminal; Infinity where there is none. */
  columns(): number;
  /** A line of the result, for people: whatever it holds can't harm a terminal. */
  line(text?: string): void;
  /** As `line`, broken between words where the terminal is narrow, later lines further in by `hang`. */
  prose(text: string, hang?: number): void;
  /** A line about the way there. */
  note(text: string): void;
  /** The result, or one of several, for programs: a line of JSON. */
  data(value: unknown): void;
  /** A document exactly as it is, for a file or another program. */
  document(text: string): void;
  table(table: Table): void;
  /** `text` as `line` would write it. */
  render(text: string): string;
  /** Aborted when whoever read stdout has gone (`| head`). */
  readonly gone: AbortSignal;
}

export interface OutputOptions {
  readonly json: boolean;
  /** False: no colours anywhere. */
  readonly color: boolean;
}

export function createOutput({ json, color }: OutputOptions): Output {
  const { stdout, stderr } = process;
  const gone = new AbortController();
  onGone(() => gone.abort());
  const rendererOf = (stream: NodeJS.WriteStream): ((text: string) => string) =>
    color && wantsColors(stream) ? sanitize : (text) => withoutColors(sanitize(text));
  const render = rendererOf(stdout);
  const renderNote = rendererOf(stderr);
  const write = (text: string): void => {
    if (!gone.signal.aborted) stdout.write(text);
  };
  const columns = (): number => (stdout.isTTY ? stdout.columns || 80 : Infinity);
  const line = (text = ""): void => write(`${render(text)}\n`);
  return {
    json,
    live: stdout.isTTY && process.env["TERM"] !== "dumb" && !json,
    columns,
    line,
    prose: (text, hang) => line(wrap(text, columns(), hang)),
    note: (text) => void stderr.write(`${renderNote(text)}\n`),
    data: (value) => write(`${JSON.stringify(value)}\n`),
    document: write,
    table: (table) => formatTable(table, columns()).forEach((row) => line(row)),
    render,
    gone: gone.signal,
  };
}

/** https://no-color.org and the FORCE_COLOR that Node itself knows. */
function wantsColors(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR: no = "", FORCE_COLOR: force, TERM: terminal } = process.env;
  if (no !== "") return false;
  if (force !== undefined) return force !== "0" && force !== "false";
  return stream.isTTY && terminal !== "dumb";
}

/** Calls back when a reader has gone away or the terminal was closed: that is no fault. */
export function onGone(react: () => void): void {
  const handle = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    react();
  };
  process.stdout.on("error", handle);
  process.stderr.on("error", handle);
}

/** `2026-11-24 13:05:02` in local time, from RFC 3339. */
export function formatTime(time: string | null): string {
  if (time === null) return "-";
  const date = new Date(time);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}
