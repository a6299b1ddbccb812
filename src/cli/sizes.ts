const UNITS = ["B", "kB", "MB", "GB", "TB"];
const STEP = 1_000;

/** `7 kB`, `1.2 GB`: bytes for people. */
export function sizeOf(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const count = bytes / STEP ** power;
  return `${count < 10 && power > 0 ? count.toFixed(1) : Math.round(count)} ${UNITS[power] ?? "B"}`;
}
