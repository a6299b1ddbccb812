import { isUtf8 } from "node:buffer";
import { formField } from "./form-body.ts";
import { messageOf } from "./message-of.ts";

export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  /** `reason`: a sentence. */
  | { readonly ok: false; readonly reason: string };

export interface BodyInput {
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

/** No sender nests this deep; what does is made to break parsers. */
const MAX_DEPTH = 128;

/** The bytes of a body's JSON: the body itself, or the decoded field `payload` of a form. Null when a form has none. */
export const payloadBytes = ({ body, contentType }: BodyInput): Buffer | null =>
  isForm(contentType) && !looksLikeJson(body) ? formField(body, "payload") : body;

const isForm = (contentType = ""): boolean =>
  contentType.split(";", 1)[0]?.trim().toLowerCase() === "application/x-www-form-urlencoded";

/**
 * No form begins like this, since senders encode these characters. The content type is not signed: without this test, who
 * sends signed JSON again as a form could make a `&payload=` inside one of its strings count. And curl calls JSON a form.
 */
function looksLikeJson(body: Buffer): boolean {
  const start = body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  const first = body.subarray(start).find((byte) => !WHITESPACE.includes(byte));
  return first !== undefined && JSON_STARTS.includes(first);
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const WHITESPACE = Buffer.from(" \t\r\n");
const JSON_STARTS = Buffer.from('{["');

/** Parses a webhook's body, JSON or a form with the JSON in its field `payload`. */
export function parseJsonBody(input: BodyInput): JsonBody {
  const bytes = payloadBytes(input);
  if (bytes === null) return { ok: false, reason: "The form has no field payload" };
  if (!isUtf8(bytes)) return { ok: false, reason: "The body is not UTF-8" };
  const text = withoutMark(bytes.toString("utf8"));
  if (text.trim() === "") return { ok: false, reason: "The body is empty" };
  if (isTooDeep(text)) return { ok: false, reason: `The JSON is nested deeper than ${MAX_DEPTH} levels` };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const detail = messageOf(error);
    return { ok: false, reason: `The body is not valid JSON: ${detail}` };
  }
}

/** Some senders begin with a byte order mark, which RFC 8259 lets receivers ignore. */
const withoutMark = (text: string): string => (text.startsWith("\uFEFF") ? text.slice(1) : text);

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
