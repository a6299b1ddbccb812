import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export type HmacAlgorithm = "sha1" | "sha256" | "sha512";

/** Bytes of each algorithm's digest. */
const DIGEST_BYTES: Readonly<Record<HmacAlgorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };

export interface SignatureText {
  /** As it stands in the header. */
  readonly text: string;
  /** What stands before the digest: `sha256=`. May be empty. */
  readonly prefix: string;
  readonly algorithm: HmacAlgorithm;
  readonly encoding: "hex" | "base64";
}

/** The digest in a signature header, or null when it is not exactly one of that algorithm. An empty one is none. */
export function readSignature({ text, prefix, algorithm, encoding }: SignatureText): Buffer | null {
  if (!text.startsWith(prefix)) return null;
  const digits = text.slice(prefix.length);
  const digest = encoding === "hex" ? decodeHex(digits) : decodeBase64(digits);
  return digest?.length === DIGEST_BYTES[algorithm] ? digest : null;
}

const decodeHex = (text: string): Buffer | null =>
  /^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, "hex") : null;

/**
 * Strict: null unless the text is exactly what encoding these bytes gives, and not empty. node's own decoder skips whatever
 * it does not know, so that a mistyped key would become a shorter one, down to the empty key.
 */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return text !== "" && bytes.toString("base64") === text ? bytes : null;
}

export interface HmacCheck {
  readonly keys: readonly (string | Buffer)[];
  readonly algorithm: HmacAlgorithm;
  /** The signed bytes, in parts, so that a large body need not be copied. */
  readonly signed: readonly (Buffer | string)[];
  /** Any of which may match. */
  readonly digests: readonly Buffer[];
}

/**
 * The one of `digests` that is the HMAC of the signed bytes under any of the keys, or null. An empty key never matches.
 * Takes the same time whichever does, and hashes the bytes once for each key, however many digests a sender lists.
 */
export function matchingDigest({ keys, algorithm, signed, digests }: HmacCheck): Buffer | null {
  let matching: Buffer | null = null;
  for (const key of keys) {
    const expected = hmacOf(algorithm, key, signed);
    for (const digest of digests) {
      const same = expected.length === digest.length && timingSafeEqual(expected, digest);
      if (same && key.length > 0) matching = digest;
    }
  }
  return matching;
}

function hmacOf(algorithm: HmacAlgorithm, key: string | Buffer, parts: HmacCheck["signed"]): Buffer {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/**
 * Whether a token equals one of the secrets, in constant time whatever their lengths. An empty one never does.
 * A token from a header comes as its bytes: as text, node's reading of them as Latin-1 would spoil `é`.
 */
export function tokenMatches(secrets: readonly string[], token: string | Buffer): boolean {
  const given = sha256(token);
  let matches = false;
  for (const secret of secrets) {
    const same = timingSafeEqual(sha256(secret), given);
    matches = (same && secret.length > 0) || matches;
  }
  return matches;
}

/** SHA-256 of a body, in hex: identifies it where nothing is signed. */
export const bodyDigest = (body: Buffer): string => sha256(body).toString("hex");

const sha256 = (data: Buffer | string): Buffer => createHash("sha256").update(data).digest();
