import { expect, it } from "vitest";
import { nearest } from "../../src/lib/nearest.ts";

it.each([
  ["deply", ["deploy", "backup"], "deploy"],
  ["deploy-prd", ["deploy-prod", "deploy-staging"], "deploy-prod"],
  ["xyz", ["deploy", "backup"], null],
  ["anything", [], null],
])("takes %s among %j for %s", (word, known, expected) => {
  expect(nearest(word, known)).toBe(expected);
});
