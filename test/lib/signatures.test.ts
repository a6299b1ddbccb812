import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, matchingDigest, readSignature, tokenMatches } from "../../src/lib/signatures.ts";

describe("readSignature", () => {
  const hex = "ab".repeat(32);
  const read = (text: string, prefix = "sha256=") =>
    readSignature({ text, prefix, algorithm: "sha256", encoding: "hex" });

  it.each([
    [`sha256=${hex}`, true],
    [`sha256=${hex.toUpperCase()}`, true],
    [`SHA256=${hex}`, false],
    [hex, false],
    ["sha256=", false],
    ["", false],
    [`sha256=${hex.slice(1)}`, false],
    [`sha256=${hex.slice(2)}`, false],
    [`sha256=${hex}00`, false],
    [`sha256=${hex} `, false],
    [`sha256=${hex}\n`, false],
    [`sha256=0x${hex.slice(2)}`, false],
    [`sha256=sha256=${hex}`, false],
    [`sha256=${"zz".repeat(32)}`, false],
  ])("%j: %s", (text, found) => expect(read(text) !== null).toBe(found));

  it("wants the length of its algorithm", () => {
    const of = (bytes: number, algorithm: "sha1" | "sha256" | "sha512") =>
      readSignature({ text: "00".repeat(bytes), prefix: "", algorithm, encoding: "hex" })?.length ?? null;
    expect([of(20, "sha1"), of(32, "sha256"), of(64, "sha512")]).toEqual([20, 32, 64]);
    expect([of(32, "sha1"), of(20, "sha256"), of(32, "sha512")]).toEqual([null, null, null]);
  });
});

describe("decodeBase64", () => {
  it("takes back whatever was encoded, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64");
        expect(decodeBase64(text)).toEqual(Buffer.from(bytes));
        expect(decodeBase64(` ${text}`)).toBeNull();
        expect(decodeBase64(`${text}=`)).toBeNull();
        expect(decodeBase64(`${text}\n`)).toBeNull();
      }),
    );
  });

  it.each(["", "=", "====", "!", "AAA", "AA-_", "AB==", "A", "AAAA AAAA"])("refuses %j", (text) =>
    expect(decodeBase64(text)).toBeNull(),
  );
});

describe("matchingDigest", () => {
  const digestOf = (key: string, text: string) => createHmac("sha256", key).update(text).digest();

  it("finds the one that fits, by whichever key", () => {
    const right = digestOf("new", "a.b");
    const input = { keys: ["old", "new"], algorithm: "sha256", signed: ["a", ".b"] } as const;
    expect(matchingDigest({ ...input, digests: [digestOf("x", "a.b"), right] })).toBe(right);
    expect(matchingDigest({ ...input, digests: [] })).toBeNull();
    expect(matchingDigest({ ...input, keys: [], digests: [right] })).toBeNull();
    expect(matchingDigest({ ...input, digests: [right.subarray(1), Buffer.alloc(0)] })).toBeNull();
  });

  it("never takes an empty key", () => {
    const input = { algorithm: "sha256", signed: ["a"], digests: [digestOf("", "a")] } as const;
    expect(matchingDigest({ ...input, keys: [""] })).toBeNull();
    expect(matchingDigest({ ...input, keys: [Buffer.alloc(0)] })).toBeNull();
  });
});

describe("tokenMatches", () => {
  it("takes exactly the secrets that are not empty", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 4 }), fc.string(), (secrets, token) => {
        expect(tokenMatches(secrets, token)).toBe(token !== "" && secrets.includes(token));
        for (const secret of secrets) expect(tokenMatches(secrets, secret)).toBe(secret !== "");
        expect(tokenMatches(secrets, Buffer.from(token))).toBe(tokenMatches(secrets, token));
      }),
    );
  });
});
