export interface GatherOptions<Input, Output> {
  /** Does all or nothing of them; resolves with one output for each, in order. */
  readonly runAll: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  /** Does one alone. */
  readonly runOne: (input: Input) => Promise<Output>;
  /** Whether an error of a bundle is none of its inputs' fault, so that doing each alone would help nobody. */
  readonly hitsAll: (error: unknown) => boolean;
  /** Inputs that share a name depend on each other, so one waits until the other is done. */
  readonly namesOf: (input: Input) => readonly string[];
  /** Inputs to be done as one. */
  readonly most: number;
  /** Such bundles at once. */
  readonly atOnce: number;
}

interface Pending<Input, Output> {
  readonly input: Input;
  readonly promise: PromiseWithResolvers<Output>;
}

/**
 * Bundles calls that come while others are under way: the more come at once, the fewer commits each costs. A call that
 * comes alone waits for nothing. Where a bundle fails, each of it is done alone, so that one can't fail the others.
 */
export function gather<Input, Output>(
  options: GatherOptions<Input, Output>,
): (input: Input) => Promise<Output> {
  const { most, atOnce, namesOf } = options;
  let waiting: Pending<Input, Output>[] = [];
  let underWay = 0;

  /** In order, but for those that depend on one before them. */
  function takeBundle(): Pending<Input, Output>[] {
    const names = new Set<string>();
    const bundle: Pending<Input, Output>[] = [];
    const left: Pending<Input, Output>[] = [];
    for (const each of waiting) {
      const own = namesOf(each.input);
      const free = bundle.length < most && !own.some((name) => names.has(name));
      // Also of those left behind: what depends on them must not overtake them.
      for (const name of own) names.add(name);
      (free ? bundle : left).push(each);
    }
    waiting = left;
    return bundle;
  }

  async function run(bundle: readonly Pending<Input, Output>[]): Promise<void> {
    try {
      const outputs = await options.runAll(bundle.map(({ input }) => input));
      for (const [index, output] of outputs.entries()) bundle[index]?.promise.resolve(output);
    } catch (error) {
      if (bundle.length === 1 || options.hitsAll(error)) {
        for (const { promise } of bundle) promise.reject(error);
        return;
      }
      await Promise.all(
        bundle.map(({ input, promise }) => options.runOne(input).then(promise.resolve, promise.reject)),
      );
    }
  }

  function begin(): void {
    while (underWay < atOnce && waiting.length > 0) {
      underWay += 1;
      void run(takeBundle()).finally(() => {
        underWay -= 1;
        begin();
      });
    }
  }

  return (input) => {
    const promise = Promise.withResolvers<Output>();
    waiting.push({ input, promise });
    begin();
    return promise.promise;
  };
}
