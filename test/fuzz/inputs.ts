import fc from "fast-check";
import { senders } from "../../src/senders/registry.ts";
import { FUZZED, type FuzzedSource } from "./sources.ts";

/** A request that goes through node's own HTTP client. */
export interface Input {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const POISON = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "0", "length", "then"];

const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    "",
    null,
    [],
    {},
    0,
    -1,
    1e308,
    2 ** 60,
    true,
    "refs/heads/main",
    "refs/tags/",
    "0".repeat(40),
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.dictionary(fc.constantFrom(...POISON), fc.jsonValue({ maxDepth: 1 })),
);

const VALUES: readonly string[] = [
  "",
  " ",
  "null",
  "0",
  '"text"',
  "[]",
  "[[]]",
  "{",
  "{}{}",
  '{"a":1,"a":2}',
  "\uFEFF{}",
  '{"a":"\\ud800"}',
  `${"[".repeat(129)}${"]".repeat(129)}`,
  `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
  JSON.stringify("x".repeat(100_000)),
  JSON.stringify(Array.from({ length: 5_000 }, (_, index) => ({ id: index }))),
  "1".repeat(50_000),
];

/** The payload of a real event, some of whose values are others. */
const changedSample = ({ samples }: FuzzedSource): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.oneof({ weight: 4, arbitrary: anyValue }, { weight: 1, arbitrary: fc.constant(undefined) }),
        ),
        { maxLength: 4 },
      ),
    )
    .map(([{ payload }, changes]) =>
      changes.reduce((json, [at, value]) => changed(json, at, value), JSON.stringify(payload)),
    );

/** The JSON with its value number `at` (counted round and round) replaced; undefined takes it out. */
function changed(json: string, at: number, value: unknown): string {
  let count = 0;
  JSON.parse(json, (_key, each: unknown) => {
    count += 1;
    return each;
  });
  let left = at % Math.max(1, count);
  const result: unknown = JSON.parse(json, (_key, each: unknown) => {
    left -= 1;
    return left === -1 ? value : each;
  });
  return JSON.stringify(result) ?? "null";
}

const headerText = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "gzip",
    "identity",
    "100-continue",
    "sha256=",
    "v1,",
    "application/json",
    "text/plain; charset=x",
    "a".repeat(4_000),
    "10.0.0.1, 10.0.0.2",
  ),
  fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[^\t\x20-\x7E]/g, "?")),
  fc.uint8Array({ maxLength: 30 }).map((bytes) =>
    Buffer.from(bytes)
      .toString("latin1")
      .replaceAll(/[^\x20-\x7E\x80-\xFF]/g, "?"),
  ),
);
const NAMES = [
  "content-type",
  "content-encoding",
  "expect",
  "x-forwarded-for",
  "user-agent",
  "x-more",
  "x-id",
  "authorization",
  "webhook-id",
  "webhook-timestamp",
  "x-gitlab-event-uuid",
  "travis-repo-slug",
  "cookie",
  "__proto__",
];

const suffix = fc.oneof(
  { weight: 8, arbitrary: fc.constant("") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "/",
      "//",
      "?",
      "?a=b&a",
      "/x",
      "/%",
      "/%00",
      "/..",
      "/../../etc",
      `/${"x".repeat(2_000)}`,
      "#",
    ),
  },
);

/** What is done to a webhook after it has been signed. */
type Harm = (input: Input) => Input;
const harm: fc.Arbitrary<Harm> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Harm>((input) => input) },
  {
    weight: 1,
    arbitrary: fc.nat().map((at): Harm => (input) => ({
      ...input,
      body: input.body.subarray(0, at % (input.body.length + 1)),
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }))
      .map(([at, bytes]): Harm => (input) => ({ ...input, body: spliced(input.body, at, bytes) })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), headerText).map(
      ([at, text]): Harm =>
        (input) =>
          withHeader(input, at, text),
    ),
  },
);

function spliced(body: Buffer, at: number, bytes: Uint8Array): Buffer {
  const start = at % (body.length + 1);
  return Buffer.concat([body.subarray(0, start), bytes, body.subarray(start + bytes.length)]);
}

function withHeader(input: Input, at: number, text: string): Input {
  const names = Object.keys(input.headers);
  const name = names[at % Math.max(1, names.length)];
  return name === undefined ? input : { ...input, headers: { ...input.headers, [name]: text } };
}

const inputTo = (source: FuzzedSource): fc.Arbitrary<Input> =>
  fc
    .record({
      json: fc.oneof(
        { weight: 5, arbitrary: changedSample(source) },
        { weight: 1, arbitrary: fc.json() },
        { weight: 1, arbitrary: fc.constantFrom(...VALUES) },
      ),
      event: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...source.samples.map(({ event }) => event)) },
        { weight: 1, arbitrary: fc.constantFrom(...POISON.filter((each) => each !== ""), "x".repeat(500)) },
      ),
      form: fc.boolean(),
      id: fc.oneof({ weight: 5, arbitrary: fc.uuid() }, { weight: 1, arbitrary: headerText }),
      secret: fc.oneof(
        { weight: 9, arbitrary: fc.constant(source.secret) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      more: fc.oneof(
        { weight: 3, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...NAMES), headerText, { maxKeys: 3 }) },
      ),
      method: fc.oneof(
        { weight: 20, arbitrary: fc.constant("POST") },
        { weight: 1, arbitrary: fc.constantFrom("GET", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD") },
      ),
      suffix,
      harm,
    })
    .map(({ json, event, form, id, secret, more, method, suffix: rest, harm: change }) => {
      const order = { json, event, form, id, secret, now: new Date() };
      const made = senders.get(source.kind)?.make(order, source.options);
      if (made === undefined) throw new Error(`There is no sender ${source.kind}`);
      const end = made.pathSecret === null ? "" : `/${made.pathSecret}`;
      const path = `/hooks/${source.kind}${end}${rest}`;
      return change({ method, path, headers: { ...made.headers, ...more }, body: made.body });
    });

/** A webhook to a source of any kind: most are signed, and what they say is broken in some way. */
export const anyInput: fc.Arbitrary<Input> = fc.oneof(...FUZZED.map(inputTo));
