import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { mutated } from "./mutate.ts";
import { type Parser, PARSERS } from "./parsers.ts";

const CORPUS = join(import.meta.dirname, "corpus");

/** Inputs that are kept for a parser: good ones, bad ones, and each that has ever broken it. */
export const seedsOf = (name: string): Buffer[] =>
  readdirSync(join(CORPUS, name))
    .toSorted()
    .map((file) => readFileSync(join(CORPUS, name, file)));

export interface Fault {
  readonly parser: string;
  /** Base64: to be put into the corpus. */
  readonly input: string;
  readonly what: string;
}

/** The seeds, and `count` inputs made of them. Stops at the first fault. */
export async function fuzzParser(
  name: string,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<Fault | null> {
  const parser = PARSERS[name];
  if (parser === undefined) throw new Error(`There is no parser ${name}`);
  const seeds = seedsOf(name);
  for (const input of [...seeds, ...fc.sample(mutated(seeds), { numRuns: count, seed })]) {
    const what = await faultOf(parser, input);
    if (what !== null) return { parser: name, input: input.toString("base64"), what };
  }
  return null;
}

/** Null: it was read, or refused as it should be. */
async function faultOf({ parse, refuses = () => false }: Parser, input: Buffer): Promise<string | null> {
  try {
    await parse(input);
    return null;
  } catch (error) {
    if (refuses(error)) return null;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
