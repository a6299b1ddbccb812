export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  /** `reason`: a sentence. */
  | { readonly ok: false; readonly reason: string };

/** No sender nests this deep; what does is made to break parsers. */
const MAX_DEPTH = 128;

/** The JSON text of a body: the body itself, or the form field `payload` of a form. Null when there is no such field. */
export function payloadText({
  body,
  contentType,
}: {
  body: Buffer;
  contentType: string | undefined;
}): string | null {
  const text = body.toString("utf8");
  return isForm(contentType) ? new URLSearchParams(text).get("payload") : text;
}

const isForm = (contentType = ""): boolean =>
  /^application\/x-www-form-urlencoded\b/i.test(contentType.trimStart());

/** Parses a webhook's body, JSON or a form with the JSON in its field `payload`. */
export function parseJsonBody(input: { body: Buffer; contentType: string | undefined }): JsonBody {
  const text = payloadText(input);
  if (text === null) return { ok: false, reason: "The form has no field payload" };
  if (text.trim() === "") return { ok: false, reason: "The body is empty" };
  if (isTooDeep(text)) return { ok: false, reason: `The JSON is nested deeper than ${MAX_DEPTH} levels` };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `The body is not valid JSON: ${detail}` };
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Looks at the text before the parser does; what stands in strings does not count. */
function isTooDeep(text: string): boolean {
  // Most bodies have fewer brackets than that in all: finding them is far quicker than looking at every character.
  const braces = countUpTo(MAX_DEPTH, text, "{");
  if (braces + countUpTo(MAX_DEPTH, text, "[") <= MAX_DEPTH) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    // [ and { differ from ] and } by two; the bit of the letter case folds both pairs into one.
    else if ((code | 0x20) === 0x7b) depth += 1;
    else if ((code | 0x20) === 0x7d) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** How often a character stands in a text; may stop counting beyond `limit`. */
function countUpTo(limit: number, text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1 && count <= limit; at = text.indexOf(character, at + 1))
    count += 1;
  return count;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}
