import { z } from "zod";
import {
  apiFailure,
  apiUrl,
  callForStep,
  join,
  pollUntil,
  readAnswer,
  token,
  waiting,
} from "./common/api.ts";
import { NO_GITHUB_TOKEN } from "./common/github.ts";
import type { StepContext, StepKind } from "./step.ts";

const FORGES = ["github", "gitea", "forgejo"] as const;
/** https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event */
const MAX_INPUTS = 25;
const API_VERSION = "2022-11-28";

const schema = z
  .strictObject({
    repository: z
      .string()
      .regex(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/, "must be owner/name")
      .describe("`owner/name`; no template."),
    workflow: z
      .string()
      .regex(/^(?!\.{1,2}$)[\w.-]+$/, "expected the name of a workflow's file, such as deploy.yaml")
      .describe("Name of the workflow's file, such as `deploy.yaml`; no template."),
    ref: z.string().min(1).default("main").describe("Branch or tag that it runs on. May hold `${{ }}`."),
    inputs: z
      .record(z.string().min(1), z.string())
      .refine((inputs) => Object.keys(inputs).length <= MAX_INPUTS, {
        error: `a workflow takes at most ${MAX_INPUTS} inputs`,
      })
      .default({})
      .describe("Its inputs: name → text. May hold `${{ }}`."),
    forge: z.enum(FORGES).default("github").describe("Whose API it is."),
    api_url: apiUrl()
      .optional()
      .describe(
        "`https://HOST/api/v3` of a GitHub Enterprise Server, `https://HOST/api/v1` of Gitea and Forgejo. Default for GitHub: `github.api_url` of the settings.",
      ),
    token: token()
      .optional()
      .describe("Default for GitHub: the step's own `GITHUB_TOKEN`, or what `github` in the settings gives."),
    ...waiting,
  })
  .refine(({ forge, api_url: url }) => forge === "github" || url !== undefined, {
    error: "gitea and forgejo need an api_url, such as https://git.example.com/api/v1",
    path: ["api_url"],
  })
  .refine(({ forge, token: given }) => forge === "github" || given !== undefined, {
    error: "gitea and forgejo need a token",
    path: ["token"],
  })
  .refine(({ forge, wait }) => forge !== "gitea" || !wait, {
    error: "Gitea does not say which run it has started, so it can't be waited for",
    path: ["wait"],
  });

type WorkflowOptions = z.infer<typeof schema>;

/**
 * `workflow_dispatch: { repository: o/gitops, workflow: rollback.yaml, inputs: { revision: "${{ params.sha }}" } }`: starts one
 * workflow. Outputs, with `wait`: `run` (its id), `url`, `result`.
 */
export const workflowDispatchKind: StepKind<WorkflowOptions> = {
  kind: "workflow_dispatch",
  summary: "Starts one workflow of GitHub, Gitea or Forgejo, and waits for its end if asked to",
  schema,
  render: (options, render) => ({
    ...options,
    ref: render(options.ref),
    inputs: Object.fromEntries(Object.entries(options.inputs).map(([name, value]) => [name, render(value)])),
  }),
  title: ({ workflow, repository }) => `workflow ${workflow} of ${repository}`,
  async run(options, context) {
    if (options.ref === "") throw apiFailure("The ref is empty");
    const api = await apiOf(options, context);
    const run = await start(api, options, context);
    context.log(`${api.name} took the start of ${options.workflow} on ${options.ref}`);
    if (!options.wait) return { exitCode: 0 };
    if (run === null) {
      throw apiFailure(`${api.name} did not say which run it has started, so it can't be waited for`);
    }
    return { exitCode: 0, outputs: await waitFor(api, run, { options, context }) };
  },
};

interface Api {
  readonly name: string;
  /** `https://HOST/api/v1/repos/o/r` */
  readonly repository: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function apiOf(options: WorkflowOptions, { env, github }: StepContext): Promise<Api> {
  const { forge, api_url: url = github.apiUrl, repository } = options;
  const [owner = "", name = ""] = repository.split("/");
  const base = join(url, "repos", owner, name);
  if (forge !== "github") {
    const headers = { authorization: `token ${options.token ?? ""}` };
    return { name: forge === "gitea" ? "Gitea" : "Forgejo", repository: base, headers };
  }
  const secret = options.token ?? env["GITHUB_TOKEN"] ?? (await github.token(repository));
  if (secret === null) throw apiFailure(NO_GITHUB_TOKEN);
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${secret}`,
    "x-github-api-version": API_VERSION,
  };
  return { name: "GitHub", repository: base, headers };
}

/** `return_run_details` (GitHub, 2026) and `return_run_info` (Forgejo) make the answer name the run. */
const RUN_WANTED: Readonly<Record<(typeof FORGES)[number], Readonly<Record<string, true>>>> = {
  github: { return_run_details: true },
  forgejo: { return_run_info: true },
  gitea: {},
};

const startedSchema = z.union([
  z.object({ workflow_run_id: z.int() }).transform(({ workflow_run_id: id }) => id),
  z.object({ id: z.int() }).transform(({ id }) => id),
  z.null(),
]);

async function start(api: Api, options: WorkflowOptions, context: StepContext): Promise<number | null> {
  const { workflow, ref, inputs, forge, wait, repository } = options;
  const answer = await callForStep(
    {
      name: api.name,
      method: "POST",
      url: join(api.repository, "actions", "workflows", workflow, "dispatches"),
      headers: api.headers,
      body: { ref, inputs, ...(wait && RUN_WANTED[forge]) },
      hints: {
        401: "The token is wrong, expired or revoked",
        403: `The token may not do this: it needs Actions: write on ${repository} (a classic token: the scope repo)`,
        404: `There is no repository ${repository} or no workflow ${workflow} in it, or the token can't see it`,
        422: `See ref and inputs, and that ${workflow} has on: workflow_dispatch`,
      },
    },
    context,
  );
  return wait ? readAnswer(api.name, startedSchema, answer) : null;
}

/** GitHub: `status` completed and a `conclusion`. Forgejo: the `status` says it all. */
const runSchema = z.object({
  status: z.string(),
  conclusion: z.string().nullish(),
  html_url: z.string().default(""),
});

const FORGEJO_ENDS = new Set(["success", "failure", "cancelled", "skipped"]);

async function waitFor(
  api: Api,
  run: number,
  { options, context }: { readonly options: WorkflowOptions; readonly context: StepContext },
): Promise<Record<string, string>> {
  const url = join(api.repository, "actions", "runs", String(run));
  const what = `run ${run} of ${options.workflow}`;
  const { result, page } = await pollUntil(context, { what, ...options }, async () => {
    const answer = await callForStep({ name: api.name, method: "GET", url, headers: api.headers }, context);
    const found = readAnswer(api.name, runSchema, answer);
    const end = options.forge === "github" ? githubEnd(found) : forgejoEnd(found);
    return end === null ? null : { result: end, page: found.html_url };
  });
  if (result !== "success") throw apiFailure(`The ${what} ended with ${result}: ${page}`);
  context.log(`The ${what} succeeded`);
  return { run: String(run), url: page, result };
}

type Run = z.infer<typeof runSchema>;

const githubEnd = ({ status, conclusion }: Run): string | null =>
  status === "completed" ? (conclusion ?? "no conclusion") : null;

const forgejoEnd = ({ status }: Run): string | null => (FORGEJO_ENDS.has(status) ? status : null);
