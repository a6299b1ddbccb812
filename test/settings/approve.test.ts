import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";

const parse = (approve: string) =>
  parseSettings({
    text: `actions: { a: { approve: ${approve}, steps: [{ run: [x] }] } }`,
    file: null,
    dir: "/",
    env: {},
  }).actions["a"]?.approval;

const WEEK_MS = 7 * 24 * 3_600_000;

describe("approve", () => {
  it.each([
    ["false", null],
    ["true", { expiresMs: WEEK_MS, scopes: ["deploy"] }],
    ["{ expires: 1h }", { expiresMs: 3_600_000, scopes: ["deploy"] }],
    ["{ by: [admin] }", { expiresMs: WEEK_MS, scopes: ["admin"] }],
  ])("%s", (text, approval) => {
    expect(parse(text)).toEqual(approval);
  });

  it.each(["yes please", "{ expires: 0s }", "{ by: [] }", "{ by: [read] }", "{ by: admin }", "{ from: x }"])(
    "refuses %s",
    (text) => {
      expect(() => parse(text)).toThrow(/actions\.a\.approve/);
    },
  );
});
