import type { SourceCredentials, SourceKind } from "../sources/source.ts";
import { checkValue } from "./check-value.ts";
import type { SecretInput } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import { readSecrets } from "./read-secrets.ts";
import type { Reading } from "./reading.ts";
import { sourceCredentials } from "./source-schema.ts";

export interface CredentialsEntry {
  readonly value: unknown;
  /** Null when there is no such kind: then the secrets' form is not looked at. */
  readonly kind: Pick<SourceKind, "secretProblem" | "publicKeys"> | null;
  readonly path: KeyPath;
}

/** The secrets of a source. One that anybody could use is an error, unless the settings say it in so many words. */
export function readCredentials(
  reading: Reading,
  { value, kind, path }: CredentialsEntry,
): SourceCredentials | null {
  const { findings } = reading;
  const source = checkValue({ schema: sourceCredentials, value, path, report: findings.report });
  if (source === null) return null;
  const { unsafe_no_auth: unsafeNoAuth } = source;
  const readOne = (each: SecretInput, at: KeyPath) => readSecret(reading, { value: each, kind, path: at });
  const read = readSecrets(source, path, readOne);
  const secrets = read.filter((each) => each !== null);
  if (secrets.length < read.length) return null;
  if (secrets.length === 0 && !unsafeNoAuth && kind?.publicKeys === undefined) {
    const message =
      "the source has no secret, so anybody could use it; give it secrets, or say unsafe_no_auth: true";
    findings.report({ path, message });
    return null;
  }
  if (unsafeNoAuth) {
    const useless = "unsafe_no_auth does nothing, because the source has secrets";
    const message = secrets.length === 0 ? "takes webhooks from anybody (unsafe_no_auth)" : useless;
    findings.warn({ path, message });
  }
  return { secrets, unsafeNoAuth };
}

/** Shorter ones can be guessed. */
const SHORT = 16;

interface SecretEntry extends CredentialsEntry {
  readonly value: SecretInput;
}

function readSecret({ secrets, findings }: Reading, { value, kind, path }: SecretEntry): string | null {
  const secret = secrets.read(value, path);
  if (secret === null) return null;
  const problem = kind?.secretProblem?.(secret) ?? null;
  if (problem !== null) {
    findings.report({ path, message: problem });
    return null;
  }
  if (secret.length < SHORT) {
    const message = `the secret has only ${secret.length} characters; make one with \`openssl rand -hex 32\``;
    findings.warn({ path, message });
  }
  return secret;
}
