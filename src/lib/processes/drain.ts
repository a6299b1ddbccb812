import type { ChildProcess } from "node:child_process";

const QUIET_MS = 250;
const LIMIT_MS = 2_000;

/**
 * Reads what an ended process left in its output pipes, then closes them. Resolves when both ended, or, where another process
 * holds them open, when nothing came for 250 ms; at the latest after 2 s of a process that never stops printing.
 */
export function drain(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  return new Promise((resolve) => {
    const deadline = performance.now() + LIMIT_MS;
    let fresh = true;
    const noteData = (): void => {
      fresh = true;
    };
    const finish = (): void => {
      clearTimeout(timer);
      for (const stream of streams) stream.off("data", noteData).off("close", check).destroy();
      resolve();
    };
    const check = (): void => {
      if (streams.every((stream) => stream.closed)) finish();
    };
    const look = (): void => {
      if (!fresh || performance.now() > deadline) return finish();
      fresh = false;
      // Looks after the poll phase: data that waited while the event loop was busy is read before.
      timer = setTimeout(() => setImmediate(look), QUIET_MS);
    };
    let timer: NodeJS.Timeout | undefined;
    for (const stream of streams) stream.on("data", noteData).on("close", check);
    look();
    check();
  });
}
