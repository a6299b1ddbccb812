import { z } from "zod";
import { getFromGithub } from "./github-api.ts";
import type { GithubHooksOptions } from "./github-hooks.ts";
import type { GitlabHooksOptions } from "./gitlab-hooks.ts";
import { HOOKS_PER_PAGE, parseAnswer, remoteIdSchema, sameUrl } from "./hook-history.ts";
import { callRest, type RestCaller } from "./rest-api.ts";

/** What a sender knows of one webhook. */
export interface SenderHook {
  readonly active: boolean;
  /** Whether it looks at the receiver's certificate; true for plain HTTP. */
  readonly verifiesTls: boolean;
  /** True also where the sender does not say. */
  readonly hasSecret: boolean;
  /** Of the last delivery; null: there was none, or the sender does not say. */
  readonly lastStatus: number | null;
  /** Whether it is sent for that event, as we name it; true for names that the sender has no switch for. */
  sends(event: string): boolean;
}

type Options =
  | ({ readonly type: "github" } & GithubHooksOptions)
  | ({ readonly type: "gitlab" } & GitlabHooksOptions);

/**
 * Looks for the webhook of the options, among the first hundred. Null: there is none; `unsupported`: it is an App's. Rejects
 * RestError, UnreadableAnswer.
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

async function ofGithub(
  { owner, apiUrl, credentials, hookId, hookUrl }: GithubHooksOptions,
  caller: RestCaller,
): Promise<SenderHook | "unsupported" | null> {
  if (credentials.type !== "token") return "unsupported";
  const path = `${owner}/hooks?per_page=${HOOKS_PER_PAGE}`;
  const answer = await getFromGithub({ apiUrl, token: credentials.token, path }, caller);
  const hooks = parseAnswer("GitHub", githubHooks, await answer.text());
  const hook = hooks.find(({ id, config: { url } }) =>
    hookId === null ? sameUrl(url ?? "", hookUrl ?? "") : id === hookId,
  );
  if (hook === undefined) return null;
  const { active, events, config, last_response: last } = hook;
  return {
    active,
    verifiesTls: String(config.insecure_ssl ?? "0") === "0",
    hasSecret: (config.secret ?? "") !== "",
    // 0 before the first delivery.
    lastStatus: last?.code === 0 ? null : (last?.code ?? null),
    sends: (event) => events.includes("*") || events.includes(event),
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
  tag_push: "tag_push_events",
  merge_request: "merge_requests_events",
  pull_request: "merge_requests_events",
  pipeline: "pipeline_events",
  release: "releases_events",
  deployment: "deployment_events",
};

async function ofGitlab(
  { owner, apiUrl, token, hookId, hookUrl }: GitlabHooksOptions,
  caller: RestCaller,
): Promise<SenderHook | null> {
  const answer = await callRest(
    {
      service: "GitLab",
      method: "GET",
      url: `${apiUrl.replace(/\/+$/, "")}${owner}/hooks?per_page=${HOOKS_PER_PAGE}`,
      headers: { accept: "application/json", authorization: `Bearer ${token}`, "user-agent": "hookwright" },
    },
    caller,
  );
  const hooks = parseAnswer("GitLab", gitlabHooks, await answer.text());
  const hook = hooks.find(({ id, url }) => (hookId === null ? sameUrl(url, hookUrl ?? "") : id === hookId));
  if (hook === undefined) return null;
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
