import { describe, expect, it } from "vitest";
import { reportsTo } from "../../src/lib/travis-yml.ts";

const HOST = "hooks.example.com";
const OWN = `https://${HOST}/1/deploy`;

describe("a .travis.yml has Travis CI report to the server", () => {
  it.each([
    // As the older documentation has it.
    `notifications:\n  webhooks:\n    urls:\n      - ${OWN}\n    on_success: always\n    on_failure: never\n`,
    `notifications: { webhooks: "${OWN}" }`,
    `notifications: { webhooks: ["${OWN}"] }`,
    `notifications: { webhooks: { urls: "${OWN}" } }`,
    `notifications: { webhooks: ["https://other.example.com/", "${OWN}"] }`,
    `notifications: { webhooks: [{ secure: "encrypted=" }, "${OWN}"] }`,
    `notifications: { webhooks: { urls: ["${OWN}", { secure: "encrypted=" }] } }`,
    `notifications: { webhooks: "http://HOOKS.example.com/" }`,
    `notifications: { webhooks: "${OWN}/?x=1" }`,
  ])("%s", (text) => {
    expect(reportsTo(text, HOST)).toBe(true);
  });

  it.each([
    "",
    "language: node_js",
    "{{",
    "notifications: { webhooks: true }",
    `notifications: { email: "${OWN}" }`,
    `notifications: { webhooks: { secure: "encrypted=" } }`,
    `notifications: { webhooks: [{ secure: "${OWN}" }] }`,
    `notifications: { webhooks: "https://other.example.com/1/deploy" }`,
    `notifications: { webhooks: "https://${HOST}:8443/1/deploy" }`,
    `notifications: { webhooks: "https://${HOST}/hooks/travis" }`,
    `notifications: { webhooks: "${HOST}/1/deploy" }`,
  ])("not: %s", (text) => {
    expect(reportsTo(text, HOST)).toBe(false);
  });
});
