const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * The decoded bytes of the first field of that name in an `application/x-www-form-urlencoded` body, or null.
 * Bytes, not text: they may have been signed. Other fields are skipped undecoded, so that a body made of a million fields
 * costs no more than any other of its size.
 */
export function formField(body: Buffer, name: string): Buffer | null {
  const wanted = Buffer.from(`${name}=`);
  let start = 0;
  while (start < body.length) {
    const ampersand = body.indexOf("&", start);
    const end = ampersand === -1 ? body.length : ampersand;
    if (body.subarray(start, start + wanted.length).equals(wanted)) {
      return percentDecode(body.subarray(start + wanted.length, end));
    }
    start = end + 1;
  }
  return null;
}

/** `+` is a space; a `%` that two hex digits do not follow stands for itself. */
function percentDecode(encoded: Buffer): Buffer {
  const decoded = Buffer.alloc(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at += 1) {
    const byte = encoded[at] ?? 0;
    const escaped = byte === PERCENT ? hexByte(encoded[at + 1], encoded[at + 2]) : -1;
    if (escaped !== -1) at += 2;
    decoded[length] = escaped === -1 ? (byte === PLUS ? SPACE : byte) : escaped;
    length += 1;
  }
  return decoded.subarray(0, length);
}

function hexByte(high = 0, low = 0): number {
  const [first, second] = [hexDigit(high), hexDigit(low)];
  return first === -1 || second === -1 ? -1 : first * 16 + second;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
