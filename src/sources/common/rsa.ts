import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { decodeBase64 } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest } from "../source.ts";
import { headerOf } from "./headers.ts";
import { invalid, missing } from "./results.ts";

/** Smaller ones can be broken; larger ones are made to keep a server busy. */
const [MIN_BITS, MAX_BITS] = [2_048, 8_192];

/** An RSA public key in PEM, or null when the text is none, or one of a size that nobody should use. */
function rsaKey(pem: string): KeyObject | null {
  try {
    const key = createPublicKey(pem);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return key.asymmetricKeyType === "rsa" && bits >= MIN_BITS && bits <= MAX_BITS ? key : null;
  } catch {
    return null;
  }
}

/** What is wrong with a public key, or null. A private one is refused too: it has no business in settings. */
export const rsaKeyProblem = (pem: string): string | null =>
  pem.includes("PRIVATE KEY") || rsaKey(pem) === null
    ? `expected an RSA public key of ${MIN_BITS} to ${MAX_BITS} bits that begins with -----BEGIN PUBLIC KEY-----`
    : null;

export interface RsaAuth {
  /** Header that carries the signature in base64, lower-case. */
  readonly header: string;
  /** In PEM; what is no usable key never matches. */
  readonly keys: readonly string[];
  /** Finds the bytes that were signed. Null: they can't be found. */
  readonly signed: () => Buffer | null;
}

/** Checks an RSA signature (PKCS#1 v1.5, SHA-1) by any of the keys. */
export function authenticateRsaSha1(request: IncomingRequest, { header, keys, signed }: RsaAuth): AuthResult {
  const text = headerOf(request, header)?.trim() ?? "";
  if (text === "") return missing(`The header ${header} is missing or empty`);
  const signature = decodeBase64(text);
  const bytes = signature === null ? null : signed();
  if (signature === null || bytes === null || !matches(keys, bytes, signature)) {
    return invalid(
      `The signature in ${header} does not match the body under any of the sender's public keys`,
    );
  }
  return { ok: true, fingerprint: createHash("sha256").update(signature).digest("base64url") };
}

const matches = (keys: readonly string[], bytes: Buffer, signature: Buffer): boolean =>
  keys.some((pem) => {
    const key = rsaKey(pem);
    return key !== null && verify("sha1", bytes, key, signature);
  });
