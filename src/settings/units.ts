export { DURATION_PATTERN, parseDuration } from "../lib/duration.ts";

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

export const SIZE_PATTERN = /^\d+(?:\.\d+)?(?:B|kB|KB|MB|GB|KiB|MiB|GiB)$/;

/** `25MB` → 25000000, `5MiB` → 5242880 (bytes); null when the text is no size. */
export function parseSize(text: string): number | null {
  if (!SIZE_PATTERN.test(text)) return null;
  const [, count, unit] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  const bytes = Math.round(Number(count) * (SIZE_UNITS[unit ?? ""] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : null;
}
