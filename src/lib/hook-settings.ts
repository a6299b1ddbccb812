import { z } from "zod";
import { getFromGithub } from "./github-api.ts";
import type { GithubHooksOptions } from "./github-hooks.ts";
import { callGitlab } from "./gitlab-api.ts";
import type { GitlabHooksOptions } from "./gitlab-hooks.ts";
import { findOnPages, hooksPath, parseAnswer, remoteIdSchema, sameUrl } from "./hook-history.ts";
import type { RestCaller } from "./rest-api.ts";

/** What a sender knows of one webhook. */
export interface SenderHook {
  readonly active: boolean;
  /** Whether it looks at the receiver's certificate; true for plain HTTP. */
  readonly verifiesTls: boolean;
  /** True also where the sender does not say. */
  readonly hasSecret: boolean;
  /** Of the last delivery; null: there was none, or the sender does not say. */
  readonly lastStatus: number | null;
  /** Whether it is sent for that event, as we name it; true for what the sender has no switch for. */
  sends(event: string): boolean;
}

type Options =
  | ({ readonly type: "github" } & GithubHooksOptions)
  | ({ readonly type: "gitlab" } & GitlabHooksOptions);

/**
 * Looks for the webhook of the options. Null: there is none; `unsupported`: it is an App's. Rejects RestError,
 * UnreadableAnswer.
 */
export function readHookSettings(
  options: Options,
  caller: RestCaller,
): Promise<SenderHook | "unsupported" | null> {
  return options.type === "github" ? ofGithub(options, caller) : ofGitlab(options, caller);
}

/** https://docs.github.com/rest/repos/webhooks#list-repository-webhooks */
const githubHooks = z.array(
  z.object({
    id: remoteIdSchema,
    active: z.boolean(),
    events: z.array(z.string()),
    config: z.object({
      url: z.string().nullish(),
      insecure_ssl: z.union([z.string(), z.number()]).nullish(),
      secret: z.string().nullish(),
    }),
    last_response: z.object({ code: z.number().nullish() }).nullish(),
  }),
);

/** Our names of events, and GitHub's of which one is enough. */
const GITHUB_EVENTS: Readonly<Record<string, readonly string[]>> = {
  push: ["push"],
  tag: ["push"],
  pull_request: ["pull_request"],
  release: ["release"],
  build: ["workflow_run", "check_suite", "status"],
  image: ["package", "registry_package"],
};

async function ofGithub(
  { owner, apiUrl, credentials, hookId, hookUrl }: GithubHooksOptions,
  caller: RestCaller,
): Promise<SenderHook | "unsupported" | null> {
  if (credentials.type !== "token") return "unsupported";
  const { token } = credentials;
  const page = async (number: number): Promise<z.output<typeof githubHooks>> => {
    const path = hooksPath(owner, number);
    const answer = await getFromGithub({ apiUrl, token, path }, caller);
    return parseAnswer("GitHub", githubHooks, await answer.text());
  };
  const hook = await findOnPages(page, ({ id, config: { url } }) =>
    hookId === null ? sameUrl(url ?? "", hookUrl ?? "") : id === hookId,
  );
  if (hook === null) return null;
  const { active, events, config, last_response: last } = hook;
  return {
    active,
    verifiesTls: String(config.insecure_ssl ?? "0") === "0",
    hasSecret: (config.secret ?? "") !== "",
    // 0 before the first delivery.
    lastStatus: last?.code === 0 ? null : (last?.code ?? null),
    sends(event) {
      const names = GITHUB_EVENTS[event];
      return names === undefined || events.includes("*") || names.some((name) => events.includes(name));
    },
  };
}

/** https://docs.gitlab.com/api/project_webhooks/ */
const gitlabHooks = z.array(
  z.looseObject({
    id: remoteIdSchema,
    url: z.string(),
    enable_ssl_verification: z.boolean().default(true),
    /** `executable`, `disabled`, `temporarily_disabled`. */
    alert_status: z.string().optional(),
  }),
);

/** Our names of events, and GitLab's switches for them. */
const SWITCHES: Readonly<Record<string, string>> = {
  push: "push_events",
  tag: "tag_push_events",
  pull_request: "merge_requests_events",
  build: "pipeline_events",
  release: "releases_events",
};

async function ofGitlab(
  { owner, apiUrl, token, hookId, hookUrl }: GitlabHooksOptions,
  caller: RestCaller,
): Promise<SenderHook | null> {
  const page = async (number: number): Promise<z.output<typeof gitlabHooks>> => {
    const path = hooksPath(owner, number);
    return parseAnswer(
      "GitLab",
      gitlabHooks,
      await (await callGitlab({ apiUrl, token, path }, caller)).text(),
    );
  };
  const hook = await findOnPages(page, ({ id, url }) =>
    hookId === null ? sameUrl(url, hookUrl ?? "") : id === hookId,
  );
  if (hook === null) return null;
  return {
    active: hook.alert_status === undefined || hook.alert_status === "executable",
    verifiesTls: hook.enable_ssl_verification,
    hasSecret: true,
    lastStatus: null,
    sends(event) {
      const name = SWITCHES[event];
      return name === undefined || hook[name] !== false;
    },
  };
}
