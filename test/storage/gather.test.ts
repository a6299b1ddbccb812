import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gather, type GatherOptions } from "../../src/storage/postgres/gather.ts";

interface Input {
  readonly id: number;
  readonly names: readonly string[];
  readonly bad?: boolean;
}

const failure = (input: Input): Error => new Error(`bad ${input.id}`);

/** Answers with ids; notes what was done together, and lets each bundle go on only when told. */
function harness(given: Partial<GatherOptions<Input, number>> = {}) {
  const bundles: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const call = gather<Input, number>({
    most: 3,
    atOnce: 1,
    namesOf: ({ names }) => names,
    hitsAll: () => false,
    async runAll(inputs) {
      bundles.push(inputs.map(({ id }) => id));
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      const bad = inputs.find((input) => input.bad);
      if (bad) throw failure(bad);
      return inputs.map(({ id }) => id);
    },
    async runOne(input) {
      bundles.push([input.id]);
      if (input.bad) throw failure(input);
      return input.id;
    },
    ...given,
  });
  return { call, bundles, gates };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function openAll({ gates }: { gates: PromiseWithResolvers<void>[] }): Promise<void> {
  for (let opened = 0; opened < gates.length; opened += 1) {
    gates[opened]?.resolve();
    await settled();
  }
}

const input = (id: number, ...names: string[]): Input => ({ id, names });

describe("calls that come at once", () => {
  it("go alone at first, then together, so many at most", async () => {
    const world = harness();
    const results = [1, 2, 3, 4, 5].map((id) => world.call(input(id)));
    await openAll(world);
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5]);
    expect(world.bundles).toEqual([[1], [2, 3, 4], [5]]);
  });

  it("are never in one bundle when they share a name, and keep their order then", async () => {
    const world = harness();
    const inputs = [input(1), input(2, "a"), input(3, "a", "b"), input(4, "b"), input(5, "c")];
    const results = inputs.map((each) => world.call(each));
    await openAll(world);
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5]);
    expect(world.bundles).toEqual([[1], [2, 5], [3], [4]]);
  });

  it("fail alone: the others of the bundle are done", async () => {
    const world = harness();
    const calls = [input(1), input(2), { ...input(3), bad: true }].map((each) => world.call(each));
    const results = Promise.allSettled(calls);
    await openAll(world);
    expect(await results).toMatchObject([{ value: 1 }, { value: 2 }, { reason: { message: "bad 3" } }]);
    expect(world.bundles).toEqual([[1], [2, 3], [2], [3]]);
  });

  it("fail together where no one of them is to blame", async () => {
    const world = harness({ hitsAll: () => true });
    const calls = [input(1), input(2), { ...input(3), bad: true }].map((each) => world.call(each));
    const results = Promise.allSettled(calls);
    await openAll(world);
    expect(await results).toMatchObject([
      { value: 1 },
      { reason: { message: "bad 3" } },
      { reason: { message: "bad 3" } },
    ]);
    expect(world.bundles).toEqual([[1], [2, 3]]);
  });

  it("each get their own answer, whatever comes when", async () => {
    const arbitrary = fc.array(
      fc.record({ names: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 2 }), bad: fc.boolean() }),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.integer({ min: 1, max: 3 }), async (given, atOnce) => {
        const world = harness({ atOnce });
        const inputs = given.map((each, id) => ({ ...each, id }));
        const results = Promise.allSettled(inputs.map((each) => world.call(each)));
        await openAll(world);
        for (const [id, result] of (await results).entries()) {
          if (inputs[id]?.bad === true) expect(result.status).toBe("rejected");
          else expect(result).toEqual({ status: "fulfilled", value: id });
        }
      }),
    );
  });
});
