import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { encodePath } from "../lib/encode-path.ts";
import { GithubError, postToGithub } from "../lib/github-api.ts";
import { NO_GITHUB_TOKEN } from "./common/github.ts";
import type { Render, StepContext, StepKind } from "./step.ts";

const MAX_EVENT_TYPE = 100;
const MAX_PROPERTIES = 10;
/** "Less than 64KB", as it is sent. */
const MAX_PAYLOAD_BYTES = 64 * 1024 - 1;

const schema = z.strictObject({
  repository: z
    .string()
    .regex(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/, "must be owner/name")
    .describe("`owner/name`; no template."),
  event_type: z
    .string()
    .min(1)
    .describe(`What the workflow listens to; up to ${MAX_EVENT_TYPE} characters. May hold \`\${{ }}\`.`),
  client_payload: z
    .record(z.string().min(1), z.json())
    .refine((payload) => Object.keys(payload).length <= MAX_PROPERTIES, {
      error: `GitHub takes at most ${MAX_PROPERTIES} top-level properties`,
    })
    .default({})
    .describe(
      `What the workflow gets as \`github.event.client_payload\`: up to ${MAX_PROPERTIES} properties. Texts may hold \`\${{ }}\`.`,
    ),
  api_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Default: `github.api_url` of the settings."),
});

type DispatchOptions = z.infer<typeof schema>;

/**
 * `dispatch: { repository: o/gitops, event_type: argo-degraded, client_payload: { healthy_revision: "${{ params.sha }}" } }`:
 * starts the workflows of a repository that listen to `repository_dispatch`.
 * The token is the step's own `env: { GITHUB_TOKEN: … }`, or what `github` in the settings gives.
 */
export const dispatchKind: StepKind<DispatchOptions> = {
  kind: "dispatch",
  summary: "Starts GitHub workflows by a repository_dispatch event",
  schema,
  render: (options, render) => ({
    ...options,
    event_type: render(options.event_type),
    client_payload: renderAll(options.client_payload, render),
  }),
  title: ({ repository, event_type: type }) => `dispatch ${type} to ${repository}`,
  async run({ repository, event_type: type, client_payload: payload, api_url: apiUrl }, context) {
    checkLimits(type, payload);
    const token = context.env["GITHUB_TOKEN"] ?? (await context.github.token(repository));
    if (token === null) throw failure(NO_GITHUB_TOKEN);
    const path = `/repos/${encodePath(repository)}/dispatches`;
    const body = { event_type: type, client_payload: payload };
    await send({ apiUrl: apiUrl ?? context.github.apiUrl, token, path, body }, repository, context);
    context.log(`GitHub took the event ${type} for ${repository}: ${JSON.stringify(payload)}`);
    return { exitCode: 0 };
  },
};

type Json = z.infer<ReturnType<typeof z.json>>;

const renderAll = (payload: Record<string, Json>, render: Render): Record<string, Json> =>
  Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, renderJson(value, render)]));

function renderJson(value: Json, render: Render): Json {
  if (typeof value === "string") return render(value);
  if (Array.isArray(value)) return value.map((item) => renderJson(item, render));
  return typeof value === "object" && value !== null ? renderAll(value, render) : value;
}

/** Known only once the templates are replaced. */
function checkLimits(type: string, payload: Record<string, Json>): void {
  if (type === "" || type.length > MAX_EVENT_TYPE) {
    throw failure(`event_type has ${type.length} characters; GitHub takes 1 to ${MAX_EVENT_TYPE}`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw failure(`client_payload has ${bytes} bytes; GitHub takes less than 64 KB`);
  }
}

const failure = (message: string, cause?: unknown): AppError =>
  new AppError("step:failed", message, { cause });

async function send(
  call: Parameters<typeof postToGithub>[0],
  repository: string,
  { fetch, signal, log }: StepContext,
): Promise<void> {
  try {
    await postToGithub(call, { fetch, signal, log });
  } catch (error) {
    if (!(error instanceof GithubError)) throw error;
    throw failure([error.message, ...hintsFor(error, repository)].join(". "), error);
  }
}

function hintsFor({ status, limited }: GithubError, repository: string): readonly string[] {
  if (limited) return ["The rate limit lasts longer than is waited for; retry the task later"];
  const hint = status === null ? undefined : HINTS[status];
  return hint === undefined ? [] : [hint(repository)];
}

const HINTS: Readonly<Record<number, (repository: string) => string>> = {
  401: () => "The token is wrong, expired or revoked: make a new one, then retry the task",
  403: (repository) =>
    `The token may not do this: it needs Contents: write on ${repository} (a classic token: the scope repo)`,
  404: (repository) =>
    `There is no repository ${repository}, or the token can't see it: it needs Contents: write there (a classic token: the scope repo)`,
  422: () => "GitHub does not take the event as it is; see event_type and client_payload",
};
