/** What is shorter is no secret, and masking it would make the log unreadable. */
const MIN_SECRET = 4;
/** A line of a longer secret; shorter ones (braces, `---`) are not secret. */
const MIN_LINE = 8;
/** An encoded part. */
const MIN_ENCODED = 6;

/**
 * All texts by which a secret may show itself, longest first, each once: the value, trimmed, line by line, JSON-escaped,
 * URL- and form-encoded, and in base64 (standard and URL-safe, padded and not, at each of the three places where it can
 * start inside longer encoded data). Secrets under 4 characters are left out.
 */
export function secretForms(secrets: readonly string[]): readonly string[] {
  const forms = new Set(secrets.filter((secret) => secret.length >= MIN_SECRET).flatMap(formsOf));
  return [...forms].sort((a, b) => b.length - a.length);
}

function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const whole = trimmed.length >= MIN_SECRET && trimmed !== secret ? [secret, trimmed] : [secret];
  return [...whole.flatMap(escaped), ...whole.flatMap(base64), ...lines(secret)];
}

function lines(secret: string): string[] {
  const all = secret.split(/\r?\n/).map((line) => line.trim());
  return all.length === 1 ? [] : all.filter((line) => line.length >= MIN_LINE).flatMap(escaped);
}

function escaped(value: string): string[] {
  const url = encodeURIComponent(value.toWellFormed());
  const form = new URLSearchParams({ v: value }).toString().slice(2);
  const json = JSON.stringify(value).slice(1, -1);
  return [value, json, url, lowerHex(url), form, lowerHex(form)];
}

const lowerHex = (encoded: string): string => encoded.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());

function base64(value: string): string[] {
  const bytes = Buffer.from(value);
  const parts = [0, 1, 2].map((before) => inside(bytes, before));
  const standard = [bytes.toString("base64"), unpadded(bytes), ...parts];
  const long = standard.filter((form) => form.length >= MIN_ENCODED);
  return [...long, ...long.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

/** Those characters of the encoding that the bytes alone decide when `before` other bytes (modulo 3) stand before them. */
function inside(bytes: Buffer, before: number): string {
  const encoded = unpadded(Buffer.concat([Buffer.alloc(before), bytes]));
  const first = Math.ceil((before * 8) / 6);
  const last = Math.floor(((before + bytes.length) * 8) / 6);
  return encoded.slice(first, last);
}
