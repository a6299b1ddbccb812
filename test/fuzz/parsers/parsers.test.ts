import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PARSERS } from "./parsers.ts";
import { fuzzParser, seedsOf } from "./run.ts";

const names = Object.keys(PARSERS);
/** The long form: npm run fuzz -- --parsers 100000. */
const COUNT = 300;

describe("a parser of what comes from outside", () => {
  it("has a corpus, and each corpus a parser", () => {
    const folders = readdirSync(join(import.meta.dirname, "corpus"));
    expect(folders.toSorted()).toEqual(names.toSorted());
    for (const name of names)
      expect([name, seedsOf(name).length]).toEqual([name, expect.toSatisfy((n) => n >= 3)]);
  });

  it.each(names)("reads or refuses whatever it is given: %s", async (name) => {
    expect(await fuzzParser(name, { count: COUNT, seed: 1 })).toBeNull();
  });
});
