const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

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

export const DURATION_PATTERN = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
export const SIZE_PATTERN = /^\d+(?:\.\d+)?(?:B|kB|KB|MB|GB|KiB|MiB|GiB)$/;

/** `1h30m` → 5400000 (milliseconds); null when the text is no duration. */
export function parseDuration(text: string): number | null {
  if (!DURATION_PATTERN.test(text)) return null;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    ms += Number(count) * (DURATION_UNITS[unit ?? ""] ?? 0);
  }
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : null;
}

/** `25MB` → 25000000, `5MiB` → 5242880 (bytes); null when the text is no size. */
export function parseSize(text: string): number | null {
  if (!SIZE_PATTERN.test(text)) return null;
  const [, count, unit] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  const bytes = Math.round(Number(count) * (SIZE_UNITS[unit ?? ""] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : null;
}
