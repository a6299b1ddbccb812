import { hmacMatches, readSignature, type SignatureText } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest, SourceCredentials } from "../source.ts";

export interface HmacAuth extends Omit<SignatureText, "text"> {
  /** Header that carries the signature, lower-case. */
  readonly header: string;
  /** The bytes that were signed, where they are not the raw body. Null: they can't be found. */
  readonly signed?: Buffer | string | null;
}

/** Checks an HMAC over the body under any live secret. */
export function authenticateHmac(
  request: IncomingRequest,
  { secrets }: Pick<SourceCredentials, "secrets">,
  { header, signed, ...format }: HmacAuth,
): AuthResult {
  const text = request.headers[header]?.trim() ?? "";
  if (text === "" || text === format.prefix) {
    return { ok: false, code: "signature:missing", explanation: `The header ${header} is missing or empty` };
  }
  const digest = readSignature({ text, ...format });
  const body = signed === undefined ? request.body : signed;
  const { algorithm } = format;
  if (digest === null || body === null || !hmacMatches({ keys: secrets, algorithm, body, digest })) {
    const explanation = `The signature in ${header} does not match the body under any live secret`;
    return { ok: false, code: "signature:invalid", explanation };
  }
  return { ok: true, fingerprint: digest.toString("base64url") };
}
