import fc from "fast-check";

type Change = (input: Buffer, at: number, other: Buffer) => Buffer;

/** What breaks parsers: bytes turned, left out, doubled, put in; halves of two inputs. */
const CHANGES: readonly Change[] = [
  (input, at) => {
    const copy = Buffer.from(input);
    if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << (at % 8));
    return copy;
  },
  (input, at) => input.subarray(0, at % (input.length + 1)),
  (input, at) => Buffer.concat([input.subarray(0, at % (input.length + 1)), input]),
  (input, at, other) =>
    Buffer.concat([input.subarray(0, at % (input.length + 1)), other.subarray(at % (other.length + 1))]),
  (input, at) =>
    Buffer.concat([
      input.subarray(0, at % (input.length + 1)),
      NASTY[at % NASTY.length] ?? Buffer.alloc(0),
      input.subarray(at % (input.length + 1)),
    ]),
  (input, at) => Buffer.from(input.toString("latin1").repeat(1 + (at % 40))),
];

const NASTY = [
  "\0",
  "\uFEFF",
  "\u2028",
  "'",
  '"',
  "\\",
  "{{",
  "}}",
  "[[[[",
  "__proto__",
  "\r\n",
  "%",
  "-",
  "1e309",
]
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0xff, 0xfe]), Buffer.from([0xc0, 0x80]));

/** Inputs made of the seeds by a few changes each. */
export const mutated = (seeds: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.constantFrom(...CHANGES), fc.nat()), { minLength: 1, maxLength: 4 }),
    )
    .map(([seed, other, changes]) =>
      changes.reduce((input, [change, at]) => change(input, at, other).subarray(0, MAX_BYTES), seed),
    );

const MAX_BYTES = 100_000;
