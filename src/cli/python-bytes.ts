/** Bytes as Python shows them: `b'{"build_id": 67}'`. */
export function pythonBytes(bytes: Buffer): string {
  const quote = bytes.includes("'") && !bytes.includes('"') ? '"' : "'";
  let text = "";
  for (const byte of bytes) text += shown(byte, quote);
  return `b${quote}${text}${quote}`;
}

const ESCAPES: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" };

function shown(byte: number, quote: string): string {
  const escape = ESCAPES[byte];
  if (escape !== undefined) return escape;
  const char = String.fromCharCode(byte);
  if (char === quote) return `\\${char}`;
  return byte >= 32 && byte < 127 ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
}
