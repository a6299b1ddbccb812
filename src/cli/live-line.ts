import { createLogUpdate } from "log-update";
import type { Output } from "./output.ts";

/** A line on the terminal that changes in its place, a few times a second at most. */
export interface LiveLine {
  /** `now`: also where it has just changed. */
  show(text: string, now?: boolean): void;
  end(): void;
}

const EVERY_MS = 200;

/** Null where nobody looks at a terminal. */
export function createLiveLine(output: Output): LiveLine | null {
  if (!output.live) return null;
  const update = createLogUpdate(process.stderr, { showCursor: true });
  let next = 0;
  return {
    show(text, now = false) {
      if (performance.now() < next && !now) return;
      next = performance.now() + EVERY_MS;
      update(text);
    },
    end: () => update.clear(),
  };
}
