import { setTimeout as sleep } from "node:timers/promises";
import { Octokit } from "@octokit/core";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { isCommitId, isRefName } from "../lib/git/names.ts";
import type { PrecheckContext, StepKind } from "./step.ts";

const schema = z.strictObject({
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, "must be owner/name")
    .describe("`owner/name`; no template."),
  sha: z.string().min(1).describe("The whole commit id. May hold `${{ }}`."),
  branch: z.string().min(1).describe("May hold `${{ }}`."),
  verified: z.boolean().default(true).describe("GitHub has verified the commit's signature."),
  head: z.boolean().default(true).describe("It is the newest commit of the branch."),
  protected: z.boolean().default(true).describe("The branch is protected."),
  api_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Default: `github.api_url` of the settings."),
  token: z.string().min(1).optional().describe("Default: what `github` in the settings gives."),
});

type VerifyOptions = z.infer<typeof schema>;

/** `verify-commit: { repository: K-Fet/K-App, sha: "${{ params.sha }}", branch: prod }`: asks GitHub before anything runs. */
export const verifyCommitKind: StepKind<VerifyOptions> = {
  kind: "verify-commit",
  summary: "Checks by GitHub's API that a commit is verified and the head of a protected branch",
  schema,
  render: (options, render) => ({ ...options, sha: render(options.sha), branch: render(options.branch) }),
  title: ({ repository, sha, branch }) =>
    `verify ${isCommitId(sha) ? sha.slice(0, 12) : sha} on ${branch} of ${repository}`,
  async run(options, context) {
    await verify(options, context);
    return { exitCode: 0 };
  },
  precheck: verify,
};

async function verify(options: VerifyOptions, context: PrecheckContext): Promise<void> {
  const { sha, branch } = options;
  if (!isCommitId(sha)) throw failure(`${JSON.stringify(sha)} is no whole commit id`);
  if (!isRefName(branch)) throw failure(`${JSON.stringify(branch)} can't name a branch`);
  const call = await createCall(options, context);
  await checkCommit(call, options);
  if (options.head) await checkHead(call, options);
  else if (options.protected) await checkBranch(call, options);
  context.log(`Commit ${sha} may be deployed from ${branch}`);
}

const failure = (message: string, cause?: unknown): AppError =>
  new AppError("step:failed", message, { cause });

const commitSchema = z.object({
  sha: z.string(),
  commit: z.object({ verification: z.object({ verified: z.boolean() }).optional() }),
});
const headsSchema = z.array(z.object({ name: z.string(), protected: z.boolean() }));
const branchSchema = z.object({ protected: z.boolean() });

async function checkCommit(call: Call, { sha, verified }: VerifyOptions): Promise<void> {
  // GitHub answers 422 for an id that it doesn't have, 404 for a repository that the token can't see.
  const data = await call(
    "GET /repos/{owner}/{repo}/commits/{ref}",
    { ref: sha },
    "This commit doesn't exist",
  );
  const { sha: found, commit } = parse(commitSchema, data);
  if (found !== sha) throw failure("This commit doesn't exist");
  if (verified && commit.verification?.verified !== true) throw failure("Commit is not verified by github");
}

async function checkHead(call: Call, options: VerifyOptions): Promise<void> {
  const { sha, branch } = options;
  const route = "GET /repos/{owner}/{repo}/commits/{commit_sha}/branches-where-head";
  const data = await call(route, { commit_sha: sha }, "Error while getting branches for head commit");
  const found = parse(headsSchema, data).find(({ name }) => name === branch);
  if (found === undefined) throw failure(`Commit is not HEAD on ${branch}`);
  if (options.protected && !found.protected) throw failure(`Branch ${branch} is not protected`);
}

async function checkBranch(call: Call, { branch }: VerifyOptions): Promise<void> {
  const route = "GET /repos/{owner}/{repo}/branches/{branch}";
  const data = await call(route, { branch }, `There is no branch ${branch}`);
  if (!parse(branchSchema, data).protected) throw failure(`Branch ${branch} is not protected`);
}

function parse<T>(of: z.ZodType<T>, data: unknown): T {
  const result = of.safeParse(data);
  if (result.success) return result.data;
  throw failure(`GitHub's answer is not what its documentation says: ${z.prettifyError(result.error)}`);
}

/** Asks GitHub; `absent` is the message when it says that there is no such thing. */
type Call = (route: string, params: Record<string, string>, absent: string) => Promise<unknown>;

const TRIES = 4;
const TIMEOUT_MS = 15_000;
/** A rate limit that lasts longer is not waited for. */
const MAX_WAIT_MS = 30_000;

async function createCall(
  { repository, api_url, token: given }: VerifyOptions,
  context: PrecheckContext,
): Promise<Call> {
  const [owner = "", repo = ""] = repository.split("/");
  const token = given ?? (await context.github.token(repository));
  const octokit = createOctokit(api_url ?? context.github.apiUrl, token, context);
  return async (route, params, absent) => {
    for (let attempt = 1; ; attempt += 1) {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        const response = await octokit.request(route, { ...params, owner, repo, request: { signal } });
        return response.data as unknown;
      } catch (error) {
        context.signal.throwIfAborted();
        const fault = faultOf(error);
        const wait = waitFor(fault, attempt);
        if (wait === null || attempt === TRIES) throw explain(fault, absent, error);
        context.log(`GitHub: ${fault.message}; asking again in ${wait} ms`);
        await sleep(wait, undefined, { signal: context.signal });
      }
    }
  };
}

function createOctokit(apiUrl: string, token: string | null, { fetch }: PrecheckContext): Octokit {
  const ignore = (): void => undefined;
  return new Octokit({
    ...(token === null ? {} : { auth: token }),
    baseUrl: apiUrl.replace(/\/+$/, ""),
    userAgent: "hookwright",
    request: { fetch },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
}

const faultSchema = z.object({
  message: z.string().catch("unknown error"),
  /** Octokit gives 500 for what never reached GitHub, too. */
  status: z.number().catch(500),
  response: z
    .object({ headers: z.record(z.string(), z.union([z.string(), z.number(), z.undefined()])) })
    .optional()
    .catch(undefined),
});
type Fault = z.infer<typeof faultSchema>;

const faultOf = (error: unknown): Fault =>
  error instanceof Error ? faultSchema.parse(error) : { message: String(error), status: 500 };

/** Milliseconds until the next try, or null when it would not help. */
function waitFor({ status, response }: Fault, attempt: number): number | null {
  const headers = response?.headers ?? {};
  const limited =
    status === 429 ||
    (status === 403 && (headers["retry-after"] ?? headers["x-ratelimit-remaining"]) !== undefined);
  if (status >= 500) return 250 * 2 ** (attempt - 1);
  if (!limited) return null;
  const wait = limitEnds(headers);
  return wait !== null && wait <= MAX_WAIT_MS ? wait : null;
}

function limitEnds(headers: Readonly<Record<string, string | number | undefined>>): number | null {
  if (headers["retry-after"] !== undefined) return Number(headers["retry-after"]) * 1_000;
  if (Number(headers["x-ratelimit-remaining"]) !== 0) return null;
  return Math.max(0, Number(headers["x-ratelimit-reset"]) * 1_000 - Date.now());
}

function explain({ status, message }: Fault, absent: string, cause: unknown): AppError {
  if (status === 404 || status === 422) return failure(absent, cause);
  if (status === 401) return failure("GitHub does not accept the token (see github in the settings)", cause);
  if (status === 403 || status === 429) return failure(`GitHub refuses to answer: ${message}`, cause);
  return failure(`GitHub could not be asked: ${message}`, cause);
}
