import { describe, expect, it } from "vitest";
import { AppError } from "../../../src/domain/errors.ts";
import { importFoundries } from "../../../src/settings/import/foundries.ts";

/** As the documentation of Foundries.io has it. */
const DOCUMENTED = `
notify:
  webhooks:
   - url: https://29171f519f0a.ngrok.io/webhook
     secret_name: webhook-docs-example
`;

describe("a factory-config.yml", () => {
  it("has its notify.webhooks taken over as they are", () => {
    const { yaml, notes } = importFoundries(DOCUMENTED);
    expect(yaml.replaceAll(/^#.*\n/gm, "")).toBe(
      `notify:
  webhook-docs-example:
    kind: jobserv
    url: https://29171f519f0a.ngrok.io/webhook
    secret_name: webhook-docs-example
`,
    );
    expect(notes).toEqual([
      "the secret webhook-docs-example is kept by: hookwright secrets set webhook-docs-example",
    ]);
  });

  it("has the rest noted, and several of one secret told apart", () => {
    const { yaml, notes } = importFoundries(`
lmp: { machines: [raspberrypi4-64] }
notify:
  email: { users: me@example.com }
  webhooks:
    - { url: "https://a.example.com/\${x}", secret_name: one, only_failures: yes }
    - { url: https://b.example.com, secret_name: one }
`);
    expect(yaml).toContain(
      "one:\n    kind: jobserv\n    url: https://a.example.com/$${x}\n    secret_name: one\n    only_failures: true\n",
    );
    expect(yaml).toContain(
      "one-2:\n    kind: jobserv\n    url: https://b.example.com\n    secret_name: one\n",
    );
    expect(notes.join("\n")).toMatch(/notify\.email: .*\nlmp: .*\n/);
  });

  it.each([
    ["nothing", "", "the file has no notify.webhooks"],
    ["no webhooks", "notify: { email: {} }", "webhooks"],
    ["a webhook without a secret", "notify: { webhooks: [{ url: https://x.y }] }", "secret_name"],
    ["what is no URL", "notify: { webhooks: [{ url: x, secret_name: a }] }", "expected a URL"],
    ["no YAML", "a: [", ""],
  ])("is refused with %s", (_what, text, message) => {
    expect(() => importFoundries(text)).toThrow(AppError);
    expect(() => importFoundries(text)).toThrow(message);
  });
});
