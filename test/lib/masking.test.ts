import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMasker } from "../../src/lib/masking.ts";

const SECRET = "s3cr?t/v+lue é";
const mask = (text: string): string => createMasker([SECRET]).mask(text);

/** No `*`: with it the mask itself could complete a secret. */
const secret = fc
  .string({ unit: "grapheme", minLength: 4, maxLength: 20 })
  .filter((text) => !text.includes("*"));
/** Few letters, so that secrets overlap, repeat and begin like one another. */
const similar = fc.string({ unit: fc.constantFrom("a", "b", "\n"), minLength: 4, maxLength: 9 });
const secrets = fc.array(fc.oneof(secret, similar), { minLength: 1, maxLength: 4 });

/** A text that holds some of the secrets, cut into chunks anywhere. */
const texts = secrets.chain((all) =>
  fc.record({
    all: fc.constant(all),
    chunks: fc.array(
      fc.oneof(
        fc.constantFrom(...all),
        fc.string({ maxLength: 5 }),
        fc.tuple(fc.constantFrom(...all), fc.nat(20)).map(([text, at]) => text.slice(0, at)),
        fc.tuple(fc.constantFrom(...all), fc.nat(20)).map(([text, at]) => text.slice(at)),
      ),
      { maxLength: 12 },
    ),
  }),
);

describe("createMasker", () => {
  it("masks whole texts and streams alike, and no secret is left, however it is cut", () => {
    fc.assert(
      fc.property(texts, ({ all, chunks }) => {
        const masker = createMasker(all);
        const stream = masker.stream();
        const streamed = chunks.map((chunk) => stream.push(chunk)).join("") + stream.flush();
        expect(streamed).toBe(masker.mask(chunks.join("")));
        for (const value of all) expect(streamed).not.toContain(value);
      }),
      { numRuns: 500 },
    );
  });

  it("masks base64 at each of the three places in longer encoded data", () => {
    fc.assert(
      fc.property(secret, fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 }), (value, a, b) => {
        fc.pre(Buffer.byteLength(value) >= 8);
        const encoded = Buffer.concat([a, Buffer.from(value), b]).toString("base64");
        const masked = createMasker([value]).mask(encoded);
        // At each end some bits of a character belong to the neighbours.
        expect(masked.replace("***", "").length).toBeLessThanOrEqual(encoded.length - 9);
        expect(masked).toContain("***");
      }),
    );
  });

  it.each([
    ["as it is", SECRET],
    ["URL-encoded", encodeURIComponent(SECRET)],
    ["URL-encoded in lower case", "s3cr%3ft%2fv%2blue%20%c3%a9"],
    ["form-encoded", "s3cr%3Ft%2Fv%2Blue+%C3%A9"],
    ["base64", Buffer.from(SECRET).toString("base64")],
    ["base64 unpadded", Buffer.from(SECRET).toString("base64").replace(/=+$/, "")],
    ["base64url", Buffer.from(SECRET).toString("base64url")],
  ])("masks it %s", (_how, text) => {
    expect(mask(`before ${text} after`)).toBe("before *** after");
  });

  it("masks it JSON-escaped", () => {
    const quoted = 'pass"word\\\t1';
    expect(createMasker([quoted]).mask(JSON.stringify({ quoted }))).toBe('{"quoted":"***"}');
  });

  it("masks a secret of several lines line by line too, but not its short lines", () => {
    const masker = createMasker(["-----BEGIN KEY-----\r\nMIIEvQIBADANBg\n}\n-----END KEY-----\n"]);
    expect(masker.mask("+ MIIEvQIBADANBg")).toBe("+ ***");
    expect(masker.mask("function () { }")).toBe("function () { }");
  });

  it("takes the longest of those that begin at one place", () => {
    expect(createMasker(["abcd", "abcdef"]).mask("abcdefg abcdx")).toBe("***g ***x");
  });

  it("gives out at once what can't be the beginning of a secret, and holds back what can", () => {
    const stream = createMasker(["hunter22"]).stream();
    expect(stream.push("it is hunt")).toBe("it is ");
    expect(stream.push("er")).toBe("");
    expect(stream.push("s")).toBe("hunters");
    expect(stream.push(" hunter2")).toBe(" ");
    expect(stream.flush()).toBe("hunter2");
  });

  it("leaves alone what is too short to be a secret, and everything where there are none", () => {
    expect(createMasker(["", "a", "ab1"]).mask("a ab1")).toBe("a ab1");
    const stream = createMasker([]).stream();
    expect(stream.push("text") + stream.flush()).toBe("text");
  });
});
