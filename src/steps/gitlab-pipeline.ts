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
import type { StepContext, StepKind } from "./step.ts";

const schema = z
  .strictObject({
    project: z
      .string()
      .regex(
        /^(?:\d+|\w[\w.-]*(?:\/\w[\w.-]*)+)$/,
        "expected a project's id or its whole path, such as group/gitops",
      )
      .describe("Id or whole path of the project; no template."),
    ref: z.string().min(1).default("main").describe("Branch or tag that it runs on. May hold `${{ }}`."),
    variables: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/, "expected a name of letters, digits and `_`"), z.string())
      .default({})
      .describe("What the pipeline gets as variables. May hold `${{ }}`."),
    trigger_token: token().describe("Of Settings, CI/CD, Pipeline trigger tokens."),
    api_url: apiUrl().default("https://gitlab.com/api/v4").describe("`https://HOST/api/v4`."),
    token: token().optional().describe("With `wait`: an access token that may read the API (`read_api`)."),
    ...waiting,
  })
  .refine(({ wait, token: given }) => !wait || given !== undefined, {
    error: "wait needs a token: a trigger token may not look at pipelines",
    path: ["token"],
  });

type PipelineOptions = z.infer<typeof schema>;

const pipelineSchema = z.object({ id: z.int(), status: z.string(), web_url: z.string().default("") });

/** GitLab goes no further with these by itself. */
const ENDS = new Set(["success", "failed", "canceled", "skipped", "manual"]);

/**
 * `gitlab_pipeline: { project: group/gitops, trigger_token: "${TRIGGER_TOKEN}", variables: { REVISION: "${{ params.sha }}" } }`:
 * starts a pipeline. Outputs: `pipeline` (its id), `url`, `result` (its status).
 */
export const gitlabPipelineKind: StepKind<PipelineOptions> = {
  kind: "gitlab_pipeline",
  summary: "Starts a pipeline of GitLab, and waits for its end if asked to",
  schema,
  render: (options, render) => ({
    ...options,
    ref: render(options.ref),
    variables: Object.fromEntries(
      Object.entries(options.variables).map(([name, value]) => [name, render(value)]),
    ),
  }),
  title: ({ project, ref }) => `pipeline of ${project} on ${ref}`,
  async run(options, context) {
    if (options.ref === "") throw apiFailure("The ref is empty");
    const started = await start(options, context);
    context.log(`GitLab has started pipeline ${started.id}: ${started.web_url}`);
    const ended = options.wait ? await waitFor(options, started.id, context) : started;
    return {
      exitCode: 0,
      outputs: { pipeline: String(started.id), url: started.web_url, result: ended.status },
    };
  },
};

type Pipeline = z.infer<typeof pipelineSchema>;

/** https://docs.gitlab.com/api/pipeline_triggers/#trigger-a-pipeline-with-a-token */
async function start(options: PipelineOptions, context: StepContext): Promise<Pipeline> {
  const { project, ref, variables, trigger_token: trigger, api_url: url } = options;
  const answer = await callForStep(
    {
      name: "GitLab",
      method: "POST",
      url: join(url, "projects", project, "trigger", "pipeline"),
      headers: {},
      body: { token: trigger, ref, variables },
      hints: {
        400: "See ref: is there such a branch, and does its .gitlab-ci.yml let a trigger start something?",
        401: "The trigger token is wrong or revoked",
        404: `There is no project ${project}, or the trigger token is not one of it`,
      },
    },
    context,
  );
  return readAnswer("GitLab", pipelineSchema, answer);
}

async function waitFor(options: PipelineOptions, id: number, context: StepContext): Promise<Pipeline> {
  const { project, api_url: base, token: secret = "" } = options;
  const url = join(base, "projects", project, "pipelines", String(id));
  const ended = await pollUntil(context, { what: `pipeline ${id}`, ...options }, async () => {
    const call = { name: "GitLab", method: "GET", url, headers: { "private-token": secret } } as const;
    const pipeline = readAnswer("GitLab", pipelineSchema, await callForStep(call, context));
    return ENDS.has(pipeline.status) ? pipeline : null;
  });
  if (ended.status !== "success") {
    throw apiFailure(`Pipeline ${id} ended as ${ended.status}: ${ended.web_url}`);
  }
  context.log(`Pipeline ${id} succeeded`);
  return ended;
}
