/** Too many wait already. */
export class TooMany extends Error {
  override readonly name = "TooMany";
}

export interface TurnsOptions {
  readonly atOnce: number;
  readonly waiting: number;
}

/** Runs so many pieces of work at once, has so many wait for their turn, and rejects further ones with TooMany. */
export function createTurns({
  atOnce,
  waiting: most,
}: TurnsOptions): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= most) throw new TooMany();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
