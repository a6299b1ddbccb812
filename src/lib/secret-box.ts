import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { decodeBase64 } from "./signatures.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A new key, as it stands in a file or a variable. */
export const newKey = (): string => randomBytes(KEY_BYTES).toString("base64");

/** The bytes of a key (base64 of 32 bytes), or null when the text is none. */
export function parseKey(text: string): Buffer | null {
  const key = decodeBase64(text);
  return key?.length === KEY_BYTES ? key : null;
}

/** AES-256-GCM: base64 of the nonce, the tag and the encrypted text. It opens under the same `name` only. */
export function seal(key: Buffer, name: string, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(name));
  const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString("base64");
}

/** The text, or null when no key opens it: another key, another name, or changed bytes. */
export function unseal(keys: readonly Buffer[], name: string, sealed: string): string | null {
  const bytes = decodeBase64(sealed);
  if (bytes === null || bytes.length < IV_BYTES + TAG_BYTES) return null;
  for (const key of keys) {
    const text = unsealWith(key, name, bytes);
    if (text !== null) return text;
  }
  return null;
}

function unsealWith(key: Buffer, name: string, bytes: Buffer): string | null {
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(name))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    const start = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
    return Buffer.concat([start, decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}
