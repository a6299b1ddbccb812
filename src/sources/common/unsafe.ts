import { bodyDigest } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest, SourceCredentials } from "../source.ts";

/** Passes everything, for a source whose settings say `unsafe_no_auth: true` and that has no secret; else null. */
export const passUnsafe = (
  { body }: IncomingRequest,
  { secrets, unsafeNoAuth }: SourceCredentials,
): AuthResult | null =>
  unsafeNoAuth && secrets.length === 0 ? { ok: true, fingerprint: bodyDigest(body) } : null;
