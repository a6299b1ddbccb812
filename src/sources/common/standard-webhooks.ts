import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { formatDuration } from "../../lib/duration.ts";
import { decodeBase64, matchingDigest, readSignature } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest } from "../source.ts";
import { headerBytes, headerOf } from "./headers.ts";
import { expired, invalid, missing } from "./results.ts";
import { isRecent } from "./time-window.ts";

/**
 * https://www.standardwebhooks.com, over `id.timestamp.body`: `v1,` and the base64 of an HMAC-SHA256 (keys `whsec_`), or
 * `v1a,` and the base64 of an ed25519 signature (public keys `whpk_`). The key decides which of them counts.
 */
export const SIGNING_PREFIX = "whsec_";
export const PUBLIC_PREFIX = "whpk_";
export const SIGNATURE_HEADER = "webhook-signature";

const [MIN_KEY_BYTES, MAX_KEY_BYTES] = [24, 64];
const PUBLIC_KEY_BYTES = 32;
const ED25519_BYTES = 64;
/** Each is a signature over the whole body; nobody rotates more keys at a time. */
const MAX_ED25519 = 8;

const bytesAfter = (prefix: string, secret: string): Buffer | null =>
  secret.startsWith(prefix) ? decodeBase64(secret.slice(prefix.length).trim()) : null;

/** The key of a `whsec_` secret, or null when it is not one: then nothing may match. */
function signingKey(secret: string): Buffer | null {
  const key = bytesAfter(SIGNING_PREFIX, secret);
  return key === null || key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES ? null : key;
}

/** What stands before the 32 bytes of an ed25519 key in its DER form (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

function publicKey(secret: string): KeyObject | null {
  const bytes = bytesAfter(PUBLIC_PREFIX, secret);
  if (bytes?.length !== PUBLIC_KEY_BYTES) return null;
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: "der", type: "spki" });
}

/** What is wrong with a `whsec_` secret, or null. */
export const signingSecretProblem = (secret: string): string | null =>
  signingKey(secret) === null
    ? `expected ${SIGNING_PREFIX} and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`
    : null;

/** What is wrong with a `whpk_` key, or null. */
export const publicKeyProblem = (secret: string): string | null =>
  publicKey(secret) === null ? `expected ${PUBLIC_PREFIX} and the base64 of ${PUBLIC_KEY_BYTES} bytes` : null;

/** Each signature: its version, a comma and base64. Versions other than the two are passed over. */
const SIGNATURE = /^[a-z0-9]+,[A-Za-z0-9+/]+={0,2}$/;

export interface SignedAuth {
  /** `whsec_` secrets and `whpk_` public keys, any of which may match; others never do. */
  readonly secrets: readonly string[];
  readonly now: Date;
  /** How far the signed time may be from ours, either way. */
  readonly windowMs: number;
}

export function authenticateSigned(
  request: IncomingRequest,
  { secrets, now, windowMs }: SignedAuth,
): AuthResult {
  const id = headerOf(request, "webhook-id");
  const timestamp = headerOf(request, "webhook-timestamp");
  const texts = (headerOf(request, SIGNATURE_HEADER) ?? "").split(" ").filter((text) => text !== "");
  if (texts.length === 0 || id === null || timestamp === null) {
    return missing(
      `One of the headers webhook-id, webhook-timestamp and ${SIGNATURE_HEADER} is missing or empty`,
    );
  }
  const signed = [headerBytes(`${id}.${timestamp}.`), request.body];
  const usable = texts.every((text) => SIGNATURE.test(text)) ? texts : [];
  const matching = matchingHmac(secrets, signed, usable) ?? matchingEd25519(secrets, signed, usable);
  if (matching === null) {
    return invalid(`The ${SIGNATURE_HEADER} does not match the body under any live key`);
  }
  // After the signature, so that nobody without a key learns what our clock says.
  return isRecent(timestamp, { now, windowMs })
    ? { ok: true, fingerprint: matching.toString("base64url") }
    : expired(`The webhook-timestamp is more than ${formatDuration(windowMs)} from this server's time`);
}

function matchingHmac(
  secrets: readonly string[],
  signed: readonly Buffer[],
  texts: readonly string[],
): Buffer | null {
  const digests = texts
    .map((text) => readSignature({ text, prefix: "v1,", algorithm: "sha256", encoding: "base64" }))
    .filter((digest) => digest !== null);
  const keys = secrets.map((secret) => signingKey(secret)).filter((key) => key !== null);
  return matchingDigest({ keys, algorithm: "sha256", signed, digests });
}

function matchingEd25519(
  secrets: readonly string[],
  signed: readonly Buffer[],
  texts: readonly string[],
): Buffer | null {
  const keys = secrets.map((secret) => publicKey(secret)).filter((key) => key !== null);
  const signatures = texts
    .filter((text) => text.startsWith("v1a,"))
    .map((text) => decodeBase64(text.slice("v1a,".length)))
    .filter((bytes) => bytes?.length === ED25519_BYTES)
    .filter((bytes) => bytes !== null);
  if (keys.length === 0 || signatures.length === 0 || signatures.length > MAX_ED25519) return null;
  const bytes = Buffer.concat(signed);
  return signatures.find((signature) => keys.some((key) => verify(null, bytes, key, signature))) ?? null;
}
