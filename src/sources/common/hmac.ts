import { matchingDigest, readSignature, type SignatureText } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest, SourceCredentials } from "../source.ts";
import { headerOf } from "./headers.ts";
import { invalid, missing } from "./results.ts";

export interface HmacAuth extends Omit<SignatureText, "text"> {
  /** Header that carries the signature, lower-case. */
  readonly header: string;
  /** Finds the bytes that were signed, where they are not the raw body. Null: they can't be found. */
  readonly signed?: () => Buffer | null;
}

/** Checks an HMAC over the body under any live secret. */
export function authenticateHmac(
  request: IncomingRequest,
  { secrets }: Pick<SourceCredentials, "secrets">,
  { header, signed = () => request.body, ...format }: HmacAuth,
): AuthResult {
  const text = headerOf(request, header)?.trim() ?? "";
  if (text === "" || text === format.prefix) return missing(`The header ${header} is missing or empty`);
  const digest = readSignature({ text, ...format });
  const bytes = digest === null ? null : signed();
  const { algorithm } = format;
  const matching =
    digest !== null && bytes !== null
      ? matchingDigest({ keys: secrets, algorithm, signed: [bytes], digests: [digest] })
      : null;
  return matching === null
    ? invalid(`The signature in ${header} does not match the body under any live secret`)
    : { ok: true, fingerprint: matching.toString("base64url") };
}
