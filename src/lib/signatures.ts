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
  const valid = encoding === "hex" ? /^[0-9a-f]+$/i : /^[A-Za-z0-9+/]+={0,2}$/;
  if (!valid.test(digits)) return null;
  const digest = Buffer.from(digits, encoding);
  return digest.length === DIGEST_BYTES[algorithm] ? digest : null;
}

export interface HmacCheck {
  readonly keys: readonly (string | Buffer)[];
  readonly algorithm: HmacAlgorithm;
  readonly body: Buffer | string;
  readonly digest: Buffer;
}

/** Whether the digest is the body's under any of the keys. An empty key never matches. Takes the same time whichever does. */
export function hmacMatches({ keys, algorithm, body, digest }: HmacCheck): boolean {
  let matches = false;
  for (const key of keys) {
    const expected = createHmac(algorithm, key).update(body).digest();
    const same = expected.length === digest.length && timingSafeEqual(expected, digest);
    matches = (same && key.length > 0) || matches;
  }
  return matches;
}

/** Whether a token equals one of the secrets, in constant time whatever their lengths. An empty one never does. */
export function tokenMatches(secrets: readonly string[], token: string): boolean {
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
