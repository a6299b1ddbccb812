import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import type { GithubApp } from "../lib/github-app.ts";
import { secret } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** A GitHub App, wherever the settings name one. */
export const githubApp = () =>
  z.strictObject({
    id: z
      .union([z.int().min(1), z.string().min(1)])
      .transform(String)
      .describe("The App's id, or its client id."),
    private_key: secret().describe("The App's private key, in PEM: in a file, a variable or kept by name."),
  });

/** Access to GitHub's API. */
export const githubSchema = z
  .strictObject({
    token: secret()
      .optional()
      .describe(
        "Token for GitHub's API: `verify-commit`, `tarball`, `dispatch`, `workflow_dispatch`, `report` and `recover` use it. Default: without one.",
      ),
    app: githubApp()
      .optional()
      .describe(
        "Instead of a token: a GitHub App. For each repository that it is installed on it gets tokens of an hour, good for that repository alone.",
      ),
    api_url: z
      .url({ protocol: /^https?$/, error: "expected a URL such as https://api.github.com" })
      .default("https://api.github.com")
      .describe("GitHub's API; another one for GitHub Enterprise."),
  })
  .refine(({ token, app }) => token === undefined || app === undefined, {
    error: "expected one of token and app",
  });

/** @param path of the App */
export function readGithubApp(
  { secrets, findings }: Reading,
  app: z.output<ReturnType<typeof githubApp>>,
  path: KeyPath,
): GithubApp | null {
  const at = [...path, "private_key"];
  const text = secrets.read(app.private_key, at);
  if (text === null) return null;
  // As it stands in variables that hold one line.
  const privateKey = text.replaceAll("\\n", "\n");
  secrets.suspect(privateKey);
  if (isPrivateKey(privateKey)) return { id: app.id, privateKey };
  findings.report({ path: at, message: "expected a private key in PEM, as GitHub gives it" });
  return null;
}

function isPrivateKey(text: string): boolean {
  try {
    return createPrivateKey(text).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
