import { expect, it } from "vitest";
import { parseProgress } from "../../src/lib/progress-line.ts";

it.each([
  ["::progress 40::", 40],
  ["  ::progress 40.7%:: ", 40],
  ["::progress 250::", 100],
  ["::progress 0::", 0],
  ["::progress -1::", null],
  ["::progress::", null],
  ["say ::progress 40::", null],
  ["", null],
])("parses %j as %j", (line, percent) => {
  expect(parseProgress(line)).toBe(percent);
});
