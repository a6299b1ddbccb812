import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes. Results go to stdout, everything else to stderr. */
export interface Output {
  readonly json: boolean;
  /** stdout is a terminal and colours are wanted. */
  readonly interactive: boolean;
  readonly colors: Colors;
  /** A line of the result, for people. */
  line(text?: string): void;
  /** A line about the way there. */
  note(text: string): void;
  /** The result, or one of several, for programs: a line of JSON. */
  data(value: unknown): void;
  table(header: readonly string[], rows: readonly (readonly string[])[]): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly color: boolean;
}

export function createOutput({ json, color }: OutputOptions): Output {
  const interactive = process.stdout.isTTY && color && !json;
  const colors = pc.createColors(color && process.stdout.isTTY && pc.isColorSupported);
  const line = (text = ""): void => void process.stdout.write(`${text}\n`);
  return {
    json,
    interactive,
    colors,
    line,
    note: (text) => void process.stderr.write(`${text}\n`),
    data: (value) => line(JSON.stringify(value)),
    table(header, rows) {
      const all = [header.map((cell) => colors.dim(cell.toUpperCase())), ...rows];
      const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))));
      for (const row of all)
        line(
          row
            .map((cell, column) => pad(cell, widths[column] ?? 0))
            .join("  ")
            .trimEnd(),
        );
    },
  };
}

const width = (text: string): number => stripVTControlCharacters(text).length;

const pad = (text: string, to: number): string => text + " ".repeat(Math.max(0, to - width(text)));

/** `2026-11-24 13:05:02` in local time, from RFC 3339. */
export function formatTime(time: string | null): string {
  if (time === null) return "-";
  const date = new Date(time);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}
