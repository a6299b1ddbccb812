import { bodyDigest, decodeBase64, tokenMatches } from "../../lib/signatures.ts";
import type { AuthResult, IncomingRequest, SourceCredentials } from "../source.ts";
import { headerOf } from "./headers.ts";
import { invalid, missing } from "./results.ts";

/** Checks HTTP Basic: this user name, and any live secret as the password. It signs nothing. */
export function authenticateBasic(
  request: IncomingRequest,
  { secrets }: Pick<SourceCredentials, "secrets">,
  username: string,
): AuthResult {
  const header = headerOf(request, "authorization")?.trim() ?? "";
  if (/^(Basic)?$/i.test(header)) return missing("The header authorization is missing or empty");
  const [, encoded = ""] = /^Basic +(\S+)$/i.exec(header) ?? [];
  const pair = decodeBase64(encoded) ?? Buffer.alloc(0);
  const colon = pair.indexOf(":");
  // Both are always compared, so that the time tells nothing of either.
  const password = tokenMatches(secrets, pair.subarray(colon + 1));
  const name = tokenMatches([username], pair.subarray(0, Math.max(0, colon)));
  return colon !== -1 && password && name
    ? { ok: true, fingerprint: bodyDigest(request.body) }
    : invalid("The Basic credentials are not those of the source");
}
