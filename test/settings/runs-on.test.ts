import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";

const parse = (runsOn: string) =>
  parseSettings({
    text: `actions: { a: { runs_on: ${runsOn}, steps: [{ run: [x] }] } }`,
    file: null,
    dir: "/",
    env: {},
  }).actions["a"]?.runsOn;

describe("runs_on", () => {
  it.each([
    ["web-1", { labels: ["web-1"], each: null }],
    ["[web-1, web-2]", { labels: ["web-1", "web-2"], each: null }],
    ["{ labels: web, each: true }", { labels: ["web"], each: { maxParallel: 1 } }],
    ["{ labels: [web], each: true, max_parallel: 3 }", { labels: ["web"], each: { maxParallel: 3 } }],
    ["{ labels: [web], each: false }", { labels: ["web"], each: null }],
  ])("%s", (text, runsOn) => {
    expect(parse(text)).toEqual(runsOn);
  });

  it.each([
    "[]",
    "'a b'",
    "{ labels: [web] }",
    "{ each: true }",
    "{ labels: [web], each: true, max_parallel: 0 }",
  ])("refuses %s", (text) => {
    expect(() => parse(text)).toThrow(/actions\.a\.runs_on/);
  });
});
