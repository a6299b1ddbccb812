import { describe, expect, it } from "vitest";
import { createFailureLimit } from "../../src/http/failure-limit.ts";
import { LIMITS } from "../../src/http/limits.ts";
import { createTokenGuesses } from "../../src/http/token-guesses.ts";

const CROWD = LIMITS.failures * 4;
const ADDRESS = "192.0.2.1";

/** All are looked up before the first is answered, as by a store that has much to do after a restart. */
function createCrowd(good: string) {
  const passed = new Set<string>();
  const guesses = createTokenGuesses({
    failures: createFailureLimit(),
    hasPassed: (token) => passed.has(token),
  });
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  async function ask(token: string): Promise<string> {
    const verify = async (): Promise<string | null> => {
      await answered;
      if (token !== good) return null;
      passed.add(token);
      return token;
    };
    return guesses.lookUp({ token, address: ADDRESS, verify }).then(
      (found) => (found === null ? "unknown" : "let in"),
      (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "failed"),
    );
  }
  return async (tokens: readonly string[]): Promise<Record<string, number>> => {
    const asked = tokens.map(ask);
    answer();
    const groups = Map.groupBy(await Promise.all(asked), (result) => result);
    return Object.fromEntries([...groups].map(([result, some]) => [result, some.length]));
  };
}

const crowdOf = (tokenOf: (index: number) => string): string[] =>
  Array.from({ length: CROWD }, (_, index) => tokenOf(index));

describe("looking up tokens", () => {
  it("lets in all who come at once with one good token", async () => {
    const crowd = createCrowd("good");
    expect(await crowd(crowdOf(() => "good"))).toEqual({ "let in": CROWD });
  });

  it("takes no more guesses at once than one after the other", async () => {
    const crowd = createCrowd("good");
    expect(await crowd(crowdOf(String))).toEqual({
      unknown: LIMITS.failures,
      "auth:too_many_failures": CROWD - LIMITS.failures,
    });
  });

  it("counts a bad token each time, also where it comes many times at once", async () => {
    const crowd = createCrowd("good");
    expect(await crowd(crowdOf(() => "bad"))).toEqual({
      unknown: LIMITS.failures,
      "auth:too_many_failures": CROWD - LIMITS.failures,
    });
  });

  it("counts a guess that is made again after its answer", async () => {
    const crowd = createCrowd("good");
    for (let time = 0; time < LIMITS.failures; time += 1)
      expect(await crowd(["bad"])).toEqual({ unknown: 1 });
    expect(await crowd(["bad"])).toEqual({ "auth:too_many_failures": 1 });
    expect(await crowd(["good"])).toEqual({ "auth:too_many_failures": 1 });
  });
});
