import { z } from "zod";
import { FORGES } from "../domain/report.ts";
import { secret, variableName } from "./fields.ts";

/** GitLab's projects may be some groups down. */
const REPOSITORY = /^(?!\.{1,2}\/)[\w.-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)+$/;

const repository = z.string().regex(REPOSITORY, "expected owner/name");

const shared = {
  status: z
    .boolean()
    .default(true)
    .describe("Write commit statuses: pending, then success, failure or error, with a link to the task."),
  context: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(
      "Tells these statuses from others of the same commit. Default: `hookwright/` and the name of the action or app.",
    ),
  deployment: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(
      "GitHub, GitLab: also a deployment to the environment of this name, such as production, which is told how it goes. Default: none.",
    ),
  environment_url: z
    .url({ protocol: /^https?$/, error: "expected a URL such as https://example.com" })
    .optional()
    .describe("With `deployment`: where people find what has been deployed."),
  token: secret()
    .optional()
    .describe(
      "May write commit statuses and deployments. Default for GitHub: that of the user who deploys by the deploy API, then what `github` gives.",
    ),
};

/** Of an action. */
export const actionReport = z
  .strictObject({
    repository: z
      .union([repository, z.array(repository).min(1)])
      .transform((value) => (typeof value === "string" ? [value] : value))
      .describe("`owner/name`, or a list: commits of no others are reported."),
    forge: z.enum(FORGES).default("github").describe("Whose API it is."),
    api_url: z
      .url({ protocol: /^https?$/, error: "expected a URL such as https://git.example.com/api/v1" })
      .optional()
      .describe(
        "`https://HOST/api/v4` of GitLab, `https://HOST/api/v1` of Gitea and Forgejo. Default: `github.api_url`, https://gitlab.com/api/v4.",
      ),
    commit_param: variableName
      .default("sha")
      .describe("The param that holds the commit of a task that no event with a commit has started."),
    ...shared,
  })
  .refine(({ forge, token }) => forge === "github" || token !== undefined, {
    error: "gitlab, gitea and forgejo need a token",
    path: ["token"],
  })
  .refine(({ forge, api_url: url }) => forge === "github" || forge === "gitlab" || url !== undefined, {
    error: "gitea and forgejo need an api_url, such as https://git.example.com/api/v1",
    path: ["api_url"],
  })
  .refine(({ forge, deployment }) => forge === "github" || forge === "gitlab" || deployment === undefined, {
    error: "Gitea and Forgejo know no deployments",
    path: ["deployment"],
  })
  .refine(({ status, deployment }) => status || deployment !== undefined, {
    error: "reports nothing: give deployment, or let status be true",
  });
export type ActionReport = z.output<typeof actionReport>;

/** Of an app of the deploy API, whose repository is GitHub's. */
export const appReport = z.strictObject(shared);
export type AppReport = z.output<typeof appReport>;
