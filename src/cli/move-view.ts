import { createLiveLine } from "./live-line.ts";
import type { Output } from "./output.ts";

export interface MoveStep {
  readonly phase: "copying" | "comparing";
  readonly table: string;
  readonly rows: number;
  readonly of: number;
}

/** Shows how far a move has come: a live line at a terminal, else a line for each table. */
export interface MoveView {
  show(step: MoveStep): void;
  end(): void;
}

export function createMoveView(output: Output): MoveView {
  const live = createLiveLine(output);
  let shown = "";
  return {
    show(step) {
      const { phase, table, rows, of } = step;
      const about = `${phase} ${table}`;
      if (live !== null) live.show(`${about}: ${rows} of ${of}`, about !== shown);
      else if (output.json) output.data({ progress: step });
      else if (about !== shown) output.note(`${about}: ${of} rows`);
      shown = about;
    },
    end: () => live?.end(),
  };
}
