import { decodeBase64, matchingDigest, readSignature } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest } from "../source.ts";
import { headerBytes, headerOf } from "./headers.ts";
import { expired, invalid, missing } from "./results.ts";

/** https://www.standardwebhooks.com: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. */
export const SIGNING_PREFIX = "whsec_";
export const SIGNATURE_HEADER = "webhook-signature";

/** How far the signed time may be from ours, in seconds. */
const TIME_WINDOW_S = 300;
const [MIN_KEY_BYTES, MAX_KEY_BYTES] = [24, 64];

/** The key of a `whsec_` secret, or null when it is not one: then nothing may match. */
function signingKey(secret: string): Buffer | null {
  const key = decodeBase64(secret.slice(SIGNING_PREFIX.length).trim());
  return key === null || key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES ? null : key;
}

/** What is wrong with a `whsec_` secret, or null. */
export const signingSecretProblem = (secret: string): string | null =>
  signingKey(secret) === null
    ? `expected ${SIGNING_PREFIX} and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`
    : null;

/** Each signature: its version, a comma and base64. Only `v1` is an HMAC; others are passed over. */
const SIGNATURE = /^[a-z0-9]+,[A-Za-z0-9+/]+={0,2}$/;

export function authenticateSigned(
  request: IncomingRequest,
  secrets: readonly string[],
  now: Date,
): AuthResult {
  const id = headerOf(request, "webhook-id");
  const timestamp = headerOf(request, "webhook-timestamp");
  const texts = (headerOf(request, SIGNATURE_HEADER) ?? "").split(" ").filter((text) => text !== "");
  if (texts.length === 0 || id === null || timestamp === null) {
    return missing(
      `One of the headers webhook-id, webhook-timestamp and ${SIGNATURE_HEADER} is missing or empty`,
    );
  }
  const digests = texts
    .map((text) => readSignature({ text, prefix: "v1,", algorithm: "sha256", encoding: "base64" }))
    .filter((digest) => digest !== null);
  const matching = matchingDigest({
    keys: secrets.map((secret) => signingKey(secret)).filter((key) => key !== null),
    algorithm: "sha256",
    signed: [headerBytes(`${id}.${timestamp}.`), request.body],
    digests: texts.every((text) => SIGNATURE.test(text)) ? digests : [],
  });
  if (matching === null) {
    return invalid(`The ${SIGNATURE_HEADER} does not match the body under any live ${SIGNING_PREFIX} secret`);
  }
  // After the signature, so that nobody without a key learns what our clock says.
  return isRecent(timestamp, now)
    ? { ok: true, fingerprint: matching.toString("base64url") }
    : expired(`The webhook-timestamp is more than ${TIME_WINDOW_S} s from this server's time`);
}

/** `timestamp`: whole seconds since 1970. */
const isRecent = (timestamp: string, now: Date): boolean =>
  /^\d+$/.test(timestamp) && Math.abs(now.getTime() / 1_000 - Number(timestamp)) <= TIME_WINDOW_S;
