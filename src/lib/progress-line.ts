const PROGRESS = /^::progress (\d{1,3})(?:\.\d+)?%?::$/;

/** The percentage (0 to 100) that a line `::progress NN::` of a command's output reports; null for any other line. */
export function parseProgress(line: string): number | null {
  const percent = PROGRESS.exec(line.trim())?.[1];
  return percent === undefined ? null : Math.min(100, Number(percent));
}
