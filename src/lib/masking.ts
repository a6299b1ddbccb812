import type { TextFilter } from "./lines.ts";
import { secretForms } from "./secret-forms.ts";

/** Replaces secrets in text by `***`. */
export interface Masker {
  /** Masks a text that is complete in itself. */
  mask(text: string): string;
  /**
   * Masks a text that comes in chunks: all it gives out, joined, is `mask` of all it was given, joined.
   * It holds back an end that may be the beginning of a secret.
   */
  stream(): TextFilter;
}

const MASK = "***";
const cache = new WeakMap<readonly string[], Masker>();

/**
 * A masker for these secrets and their encoded forms (see `secretForms`). Of several that begin at one place the longest
 * is taken. Cached by the array, which must not change.
 *
 * @example createMasker(["hunter22"]).mask("it is hunter22") // "it is ***"
 */
export function createMasker(secrets: readonly string[]): Masker {
  const cached = cache.get(secrets);
  if (cached !== undefined) return cached;
  const masker = build(secretForms(secrets));
  cache.set(secrets, masker);
  return masker;
}

function build(forms: readonly string[]): Masker {
  if (forms.length === 0)
    return { mask: (text) => text, stream: () => ({ push: (t) => t, flush: () => "" }) };
  // Longest first: of alternatives a regular expression takes the first that fits.
  const pattern = forms.map(escapePattern).join("|");
  const mask = (text: string): string => text.replaceAll(new RegExp(pattern, "g"), MASK);
  const openEnd = findOpenEnd(forms);
  return { mask, stream: () => createStream({ pattern, mask, openEnd }) };
}

const escapePattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

interface StreamParts {
  readonly pattern: string;
  readonly mask: (text: string) => string;
  readonly openEnd: (text: string, from: number) => number;
}

function createStream({ pattern, mask, openEnd }: StreamParts): TextFilter {
  const next = new RegExp(pattern, "g");
  let held = "";
  return {
    push(chunk) {
      const text = held + chunk;
      let out = "";
      let from = 0;
      let end = openEnd(text, from);
      next.lastIndex = 0;
      for (let found = next.exec(text); found !== null && found.index < end; found = next.exec(text)) {
        out += text.slice(from, found.index) + MASK;
        from = next.lastIndex;
        end = openEnd(text, from);
      }
      held = text.slice(end);
      return out + text.slice(from, end);
    },
    flush() {
      const rest = mask(held);
      held = "";
      return rest;
    },
  };
}

/** Finds the first place from `from` on where the rest of the text is the beginning of a form, but not all of it. */
function findOpenEnd(forms: readonly string[]): (text: string, from: number) => number {
  const byFirst = Map.groupBy(forms, (form) => form.charAt(0));
  const longest = Math.max(...forms.map((form) => form.length));
  return (text, from) => {
    for (let at = Math.max(from, text.length - longest + 1); at < text.length; at += 1) {
      const rest = text.slice(at);
      const open = byFirst
        .get(text.charAt(at))
        ?.some((form) => form.length > rest.length && form.startsWith(rest));
      if (open === true) return at;
    }
    return text.length;
  };
}
