import { bodyDigest, tokenMatches } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest } from "../source.ts";
import { headerBytes, headerOf } from "./headers.ts";
import { invalid, missing } from "./results.ts";

export interface TokenAuth {
  /** Header that carries the secret itself, lower-case. */
  readonly header: string;
  readonly secrets: readonly string[];
  /** Takes what stands around the token off. */
  readonly strip?: (value: string) => string;
}

/** Checks a header that carries one of the secrets. It signs nothing. */
export function authenticateToken(
  request: IncomingRequest,
  { header, secrets, strip = (value) => value }: TokenAuth,
): AuthResult {
  const token = strip(headerOf(request, header) ?? "");
  if (token === "") return missing(`The header ${header} is missing or empty`);
  if (!tokenMatches(secrets, headerBytes(token))) {
    return invalid(`The token in ${header} is none of the live secrets`);
  }
  return { ok: true, fingerprint: bodyDigest(request.body) };
}

/** The token of `Bearer TOKEN`, or of what is one without that word. */
export const withoutBearer = (value: string): string => value.replace(/^Bearer(?: +|$)/i, "");
