import { z } from "zod";
import { SCOPES } from "../domain/scopes.ts";
import { sandbox, user } from "./confine-schema.ts";
import { duration, environment, NAME_PATTERN, oneOrMany, size, variableName } from "./fields.ts";
import type { Kinds } from "./kinds.ts";
import { actionReport } from "./report-schema.ts";
import { stepSchema } from "./step-schema.ts";

export const paramSchema = z.strictObject({
  pattern: z
    .string()
    .optional()
    .describe(
      "Regular expression (RE2: no lookaround, no backreference) that the whole value must match, such as `^[0-9a-f]{40}$`.",
    ),
  required: z.boolean().optional().describe("Default: true, unless there is a `default`."),
  default: z.string().optional().describe("Value where none is given."),
  description: z.string().optional().describe("For people."),
  allow_leading_dash: z
    .boolean()
    .default(false)
    .describe("Allow a value that starts with `-`, which a command could take for an option."),
});
export type ParamInput = z.output<typeof paramSchema>;

const globs = (what: string) =>
  oneOrMany()
    .default([])
    .describe(`${what} One glob or a list: \`*\` stops at \`/\`, \`**\` does not, a leading \`!\` excludes.`);

const commitMessages = (whose: string) =>
  oneOrMany()
    .default([])
    .describe(
      `Patterns (RE2), one or a list: ${whose} starts nothing when one is found in the commit's message, such as \`\\[skip ci\\]\`.`,
    );

export const triggerSchema = z.strictObject({
  source: z.string().describe("Name of the source."),
  event: oneOrMany()
    .default([])
    .describe(
      "One or more of push, tag, pull_request, release, build, image, health, other, ping, or the sender's name.",
    ),
  branch: globs("Branch, without `refs/heads/`."),
  tag: globs("Tag, without `refs/tags/`."),
  repository: globs("Repository as `owner/name`."),
  paths: globs("Changed paths; one that matches is enough."),
  skip_if_commit_message: commitMessages("the rule"),
  drafts: z.boolean().default(false).describe("Also for pull requests that are drafts."),
  forks: z
    .boolean()
    .default(false)
    .describe("Also for pull requests and builds from forks: anybody can make one."),
  when: z.string().min(1).optional().describe("CEL expression over `event`; true lets the action start."),
  with: z
    .record(variableName, z.string())
    .default({})
    .describe("Param → CEL expression over `event`, such as `sha: event.commit.sha`."),
  correlation: z
    .record(variableName, z.string())
    .default({})
    .describe(
      "What comes back in what endpoints are told of the task: name → CEL expression over `event`, such as `ticket: event.payload.ticket`.",
    ),
});

const maxParallel = z.int().min(1).default(1).describe("With `each`: how many at a time.");

const DEFAULT_EXPIRY = "7d";

const approval = z.strictObject({
  expires: duration({ min: 1_000 })
    .prefault(DEFAULT_EXPIRY)
    .describe("After that, such as 1h, a task that nobody has approved ends as rejected."),
  by: z
    .array(z.enum(SCOPES).exclude(["read"]))
    .min(1, "expected at least one scope")
    .default(["deploy"])
    .describe("Scopes of the tokens that may approve, `deploy` or `admin`; one is enough."),
});

const labels = () =>
  oneOrMany()
    .refine((list) => list.length > 0 && list.every((label) => NAME_PATTERN.test(label)), {
      error: "expected labels of letters, digits, `.`, `_` and `-`, such as web-1",
    })
    .describe("One label or a list.");

const ownShape = {
  description: z.string().optional().describe("What it does, for people."),
  skip_if_commit_message: commitMessages("no rule"),
  concurrency: z
    .strictObject({
      group: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe("Tasks of one group run one at a time. Default: the action."),
      policy: z
        .enum(["queue", "supersede", "reject", "parallel"])
        .default("queue")
        .describe(
          "`queue`: wait for the others. `supersede`: end the others, then run. `reject`: end at once when another waits or runs. `parallel`: no group.",
        ),
    })
    .prefault({})
    .describe("How tasks that would run at the same time get along."),
  approve: z
    .union([z.boolean(), approval])
    .default(false)
    .describe(
      `Its tasks wait until somebody approves them; \`true\`: somebody with the scope deploy, within ${DEFAULT_EXPIRY}.`,
    ),
  debounce: duration({ min: 1 })
    .optional()
    .describe(
      "A task waits until none of the action and its concurrency group has been added for so long, such as 10s; then only the last one runs, and the others have ended as superseded.",
    ),
  runs_on: z
    .union([
      labels(),
      z.strictObject({
        labels: labels(),
        each: z.boolean().describe("On every server that has one of the labels, not on one of them."),
        max_parallel: maxParallel,
      }),
    ])
    .optional()
    .describe(
      "The servers it may run on: labels, of which one is enough; a server's name is one of its labels. `{ labels: [web], each: true, max_parallel: 1 }`: on every one of them, so many at a time; when one fails, no further ones begin and those done are undone. Default: any server.",
    ),
  timeout: duration({ min: 1 }).prefault("1h").describe("Time a task may take, such as 10m."),
  grace: duration().prefault("10s").describe("Time between SIGTERM and SIGKILL when a task is stopped."),
  on_crash: z
    .enum(["lost", "retry"])
    .default("lost")
    .describe("What becomes of a task whose server died: ended as `lost` and undone, or run again."),
  env: environment().default({}).describe("Environment variables of all steps. Values may hold `${{ }}`."),
  workdir: z
    .string()
    .min(1)
    .optional()
    .describe("Folder the steps work in, from the settings file's folder. Default: one kept for the action."),
  user: user().describe(
    "Account of this machine that its commands run as; the server has to be root, or to have the capabilities for it. Default: the server's. See docs/hardening.md.",
  ),
  sandbox: sandbox().describe(
    "Fences (bubblewrap) around its commands: everything is read-only but the action's folder, /tmp and the home are empty, the server's files and processes are not to be seen. `true`, or what is different. Default: none. See docs/hardening.md.",
  ),
  notify: z
    .array(z.string())
    .optional()
    .describe("The endpoints that are told of its tasks; an empty list: none. Default: all of `notify`."),
  report: actionReport
    .optional()
    .describe("What the forge of its commits is told: commit statuses and deployments. Default: nothing."),
  max_log: size().prefault("10MiB").describe("Output kept of one task; the rest is dropped with a notice."),
};

/** What `approve: true` stands for. */
export const PLAIN_APPROVAL = approval.parse({});

/** The keys of an action that are no lists of parts: params, rules and steps are looked at one by one. */
export const actionOwn = z.object(ownShape).omit({ report: true });
export type ActionOwn = z.output<typeof actionOwn>;

export function actionSchema(kinds: Kinds) {
  const { description, ...rest } = ownShape;
  return z
    .strictObject({
      description,
      params: z
        .record(variableName, paramSchema)
        .default({})
        .describe("Values that a start may bring, each checked."),
      on: z
        .array(triggerSchema)
        .default([])
        .describe("Rules that start it; any one is enough. Within a rule all tests must hold."),
      ...rest,
      steps: z
        .array(stepSchema(kinds))
        .min(1, "expected at least one step")
        .describe("What it does, in order."),
    })
    .describe("A named list of steps, and what starts it.");
}
