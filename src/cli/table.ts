import { colors, cut, oneLine, widthOf, wrap } from "./terminal.ts";

export interface Table {
  readonly header: readonly string[];
  /** One cell per column of the header. */
  readonly rows: readonly (readonly string[])[];
}

const GAP = "  ";

/**
 * The lines of a table. Where it is wider than the terminal, the last column goes below its row; a row that is still too
 * wide is cut.
 */
export function formatTable({ header, rows }: Table, columns: number): string[] {
  const cells = [header.map((name) => name.toUpperCase()), ...rows].map((row) => row.map(oneLine));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ""))));
  const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  const [heading = [], ...body] = cells;
  if (total <= columns) return [colors.dim(join(heading, widths)), ...body.map((row) => join(row, widths))];
  const narrow = (row: readonly string[]): string => cut(join(row.slice(0, -1), widths), columns);
  return [colors.dim(narrow(heading)), ...body.flatMap((row) => [narrow(row), ...below(row, columns)])];
}

function below(row: readonly string[], columns: number): string[] {
  const last = row.at(-1) ?? "";
  return last === "" ? [] : wrap(GAP + last, columns).split("\n");
}

const join = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
    .join(GAP)
    .trimEnd();
