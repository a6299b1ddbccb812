/** Random numbers that a seed determines (mulberry32), so that a run can be told to be like another. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `from` to below `to`. */
  between(from: number, to: number): number;
  /** One of the keys, as often as its weight says. */
  pick<K extends string>(weights: Readonly<Record<K, number>>): K;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from)),
    pick<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries<number>(weights);
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      const found = entries.find(([, weight]) => (left -= weight) < 0) ?? entries[0];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of the keys
      return found?.[0] as K;
    },
  };
}
