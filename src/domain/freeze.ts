/** Times in which tasks that webhooks start wait. */
export interface Freeze {
  /** For people; null: none given. */
  readonly reason: string | null;
  /** Names of the actions it is about; null: all. */
  readonly actions: readonly string[] | null;
  readonly except: readonly string[];
  /** When the window ends that `at` is in; null: it is in none. */
  readonly endOf: (at: Date) => Date | null;
}

export interface Frozen {
  readonly until: Date;
  readonly reason: string | null;
}

/** Windows that follow on each other; when there are more, the end is looked for again at the last one's. */
const MAX_CHAINED = 50;

/** Whether an action is frozen at a time, until when, and why. Windows that overlap, or touch, are one. */
export function frozenAt(freezes: readonly Freeze[], action: string, at: Date): Frozen | null {
  const about = freezes.filter((freeze) => isAbout(freeze, action));
  const first = latest(about, at);
  if (first === null) return null;
  let { until } = first;
  for (let round = 1; round < MAX_CHAINED; round += 1) {
    const next = latest(about, until);
    if (next === null) break;
    ({ until } = next);
  }
  return { until, reason: first.reason };
}

const isAbout = ({ actions, except }: Freeze, action: string): boolean =>
  (actions === null || actions.includes(action)) && !except.includes(action);

function latest(freezes: readonly Freeze[], at: Date): Frozen | null {
  const found = freezes.flatMap(({ endOf, reason }) => {
    const until = endOf(at);
    return until === null ? [] : [{ until, reason }];
  });
  return found.toSorted((a, b) => b.until.getTime() - a.until.getTime())[0] ?? null;
}
