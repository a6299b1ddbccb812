import { expect, it } from "vitest";
import { formatDuration } from "../../src/lib/duration.ts";

it.each([
  [0, "0ms"],
  [40, "40ms"],
  [2_500, "2.5s"],
  [30_000, "30s"],
  [90_000, "1m30s"],
  [1_800_000, "30m"],
  [5_400_000, "1h30m"],
  [90_061_000, "1d1h1m1s"],
])("writes %i ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
