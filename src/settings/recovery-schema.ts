import { z } from "zod";
import { duration, secret } from "./fields.ts";
import { githubApp } from "./github-schema.ts";

const hookId = z
  .union([z.int().min(1), z.string().regex(/^\d+$/, "expected the number of the webhook")])
  .transform(String)
  .optional()
  .describe("Number of the webhook at the sender. Default: the one that sends to `server.public_url`.");

const shared = {
  hook_id: hookId,
  every: duration({ min: 1_000 })
    .prefault("5m")
    .describe("How often the sender is asked what it has sent; also at each start."),
  attempts: z.int().min(1).max(20).default(5).describe("How often one delivery is asked for."),
};

const apiUrl = (example: string) =>
  z.url({ protocol: /^https?$/, error: `expected a URL such as ${example}` }).optional();

const namesOf = (name: RegExp, hint: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((value) => (typeof value === "string" ? [value] : value))
    .refine((names) => names.every((each) => name.test(each)), { error: hint });

const githubName = /^(?!\.{1,2}$)[\w.-]+$/;

export const githubRecovery = z
  .strictObject({
    ...shared,
    token: secret()
      .optional()
      .describe(
        "Token that may read and write webhooks (fine-grained: Webhooks; classic: `admin:repo_hook`, `admin:org_hook`). Default: `github.token`, or for repositories the App in `github.app` (permission Webhooks: write).",
      ),
    repository: namesOf(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/, "expected owner/name")
      .optional()
      .describe("Whose webhook it is: `owner/name`, or a list."),
    organization: z
      .string()
      .regex(githubName, "expected an organization's name")
      .optional()
      .describe("Instead: a webhook of an organization."),
    app: githubApp().optional().describe("Instead: the webhook of a GitHub App. It needs no token."),
    api_url: apiUrl("https://api.github.com").describe("Default: `github.api_url`."),
  })
  .refine(
    ({ repository, organization, app }) =>
      [repository, organization, app].filter((each) => each !== undefined).length === 1,
    { error: "expected one of repository, organization and app" },
  );
export type GithubRecovery = z.output<typeof githubRecovery>;

const gitlabName = /^(?:\d+|[\w.-]+(?:\/[\w.-]+)*)$/;

export const gitlabRecovery = z
  .strictObject({
    ...shared,
    token: secret().describe(
      "Token with the scope `api`, of a Maintainer of the project or an Owner of the group.",
    ),
    project: namesOf(gitlabName, "expected group/project, or a project's number")
      .optional()
      .describe("Whose webhook it is: `group/project` or its number, or a list."),
    group: z
      .string()
      .regex(gitlabName, "expected a group's path, or its number")
      .optional()
      .describe("Instead: a webhook of a group."),
    api_url: apiUrl("https://gitlab.com/api/v4").describe("Default: https://gitlab.com/api/v4."),
  })
  .refine(({ project, group }) => (project === undefined) !== (group === undefined), {
    error: "expected one of project and group",
  });
export type GitlabRecovery = z.output<typeof gitlabRecovery>;

/** Of these kinds of source the sender can be asked what it has sent. */
export const RECOVERIES: Readonly<Record<string, z.ZodType>> = {
  github: githubRecovery,
  gitlab: gitlabRecovery,
};

export const recoveryKeys = (kind: string): readonly string[] =>
  Object.hasOwn(RECOVERIES, kind) ? ["recover"] : [];

/** The key in the schema of a kind's sources. */
export function recoveryShape(kind: string): Readonly<Record<string, z.ZodType>> {
  const schema = Object.hasOwn(RECOVERIES, kind) ? RECOVERIES[kind] : undefined;
  if (schema === undefined) return {};
  const about =
    "Asks the sender now and then which deliveries it has made, and for those that did not come in once more.";
  return { recover: schema.optional().describe(about) };
}
