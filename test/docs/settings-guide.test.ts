import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { problemsOf } from "../settings/settings-file.ts";

it("the guide to the settings shows what its first example with three mistakes is answered with", async () => {
  const guide = await readFile(new URL("../../docs/settings.md", import.meta.url), "utf8");
  const [, example = ""] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
  const [, output = ""] = /```text\n(hookwright\.yaml:.*?)```/s.exec(guide) ?? [];
  const mistaken = example
    .replace("listen:", "lisen:")
    .replace("source: app", "source: ap")
    .replace("timeout: 10m", "timeout: 10 minutes");
  const env = { APP_WEBHOOK_SECRET: "0123456789abcdef", APP_API_TOKEN: "x" };
  // The example's file of a secret is not here, which is told, too.
  const problems = (await problemsOf(mistaken, { env })).filter((line) => !line.includes("forge.secret"));
  expect(problems.map((line) => `hookwright.yaml:${line}\n`).join("")).toBe(output);
});
