import { createLogUpdate } from "log-update";
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

const EVERY_MS = 200;

export function createMoveView(output: Output): MoveView {
  const live = output.live ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  let shown = "";
  let next = 0;
  return {
    show(step) {
      const { phase, table, rows, of } = step;
      const about = `${phase} ${table}`;
      if (live !== null) {
        if (performance.now() < next && about === shown) return;
        next = performance.now() + EVERY_MS;
        live(`${about}: ${rows} of ${of}`);
      } else if (output.json) output.data({ progress: step });
      else if (about !== shown) output.note(`${about}: ${of} rows`);
      shown = about;
    },
    end: () => live?.clear(),
  };
}
