import type { GithubCredentials } from "../lib/github-hooks.ts";
import { checkValue, isObject } from "./check-value.ts";
import { readGithubApp } from "./github-schema.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import {
  githubRecovery,
  gitlabRecovery,
  type GithubRecovery,
  type GitlabRecovery,
} from "./recovery-schema.ts";
import type { GithubSettings, RecoveryHook, RecoverySettings, ServerSettings } from "./settings.ts";

export interface RecoveryEntry {
  readonly kind: string;
  /** The whole source. */
  readonly value: unknown;
  /** Of the source. */
  readonly path: KeyPath;
}

/** What stands under `recover` as far as it can be read without the rest of the settings; null: nothing. */
export type RecoveryInput =
  | ({ readonly type: "github"; readonly path: KeyPath } & GithubRecovery)
  | ({ readonly type: "gitlab"; readonly path: KeyPath } & GitlabRecovery);

export function readRecovery({ findings }: Reading, entry: RecoveryEntry): RecoveryInput | null {
  const { kind, value, path: source } = entry;
  if (!isObject(value) || value["recover"] === undefined || value["recover"] === null) return null;
  const path = [...source, "recover"];
  const input = { value: value["recover"], path, report: findings.report };
  if (kind === "github") {
    const read = checkValue({ schema: githubRecovery, ...input });
    return read === null ? null : { type: kind, path, ...read };
  }
  if (kind !== "gitlab") return null;
  const read = checkValue({ schema: gitlabRecovery, ...input });
  return read === null ? null : { type: kind, path, ...read };
}

export interface RecoveryContext {
  readonly github: GithubSettings;
  readonly server: ServerSettings;
  /** URL path of the source. */
  readonly sourcePath: string;
}

/** With what other parts of the settings say; null when something is missing, which has been reported. */
export function completeRecovery(
  reading: Reading,
  input: RecoveryInput,
  { github, server, sourcePath }: RecoveryContext,
): RecoverySettings | null {
  const hookUrl = server.publicUrl === null ? null : server.publicUrl + sourcePath;
  const hookId = input.hook_id ?? null;
  const isApp = input.type === "github" && input.app !== undefined;
  if (hookId === null && hookUrl === null && !isApp) {
    const message = "give hook_id, or server.public_url, by which the webhook is found";
    reading.findings.report({ path: input.path, message });
    return null;
  }
  const owners = ownersOf(input);
  if (hookId !== null && owners.length > 1) {
    const message = "a webhook's number is of one owner only; leave it out to find each by its URL";
    reading.findings.report({ path: [...input.path, "hook_id"], message });
    return null;
  }
  const place = { hookId, hookUrl };
  const hooks =
    input.type === "github"
      ? githubHooks(reading, input, github).map((hook) => ({ ...hook, ...place }))
      : gitlabHooks(reading, input).map((hook) => ({ ...hook, ...place }));
  return { everyMs: input.every, attempts: input.attempts, hooks };
}

function ownersOf(input: RecoveryInput): readonly string[] {
  if (input.type === "gitlab") {
    const { project, group } = input;
    if (group !== undefined) return [`/groups/${encodeURIComponent(group)}`];
    return (project ?? []).map((name) => `/projects/${encodeURIComponent(name)}`);
  }
  if (input.app !== undefined) return ["/app"];
  if (input.organization !== undefined) return [`/orgs/${input.organization}`];
  return (input.repository ?? []).map((name) => `/repos/${name}`);
}

type Unplaced<T extends RecoveryHook["type"]> = Omit<
  Extract<RecoveryHook, { type: T }>,
  "hookId" | "hookUrl"
>;

function githubHooks(
  reading: Reading,
  input: Extract<RecoveryInput, { type: "github" }>,
  github: GithubSettings,
): Unplaced<"github">[] {
  const credentials = githubCredentials(reading, input, github);
  if (credentials === null) return [];
  const apiUrl = input.api_url ?? github.apiUrl;
  return ownersOf(input).map((owner) => ({ type: "github", apiUrl, owner, credentials }));
}

function githubCredentials(
  reading: Reading,
  { app, token, organization, path }: Extract<RecoveryInput, { type: "github" }>,
  github: GithubSettings,
): GithubCredentials | null {
  const { findings, secrets } = reading;
  if (app !== undefined) {
    const read = readGithubApp(reading, app, [...path, "app"]);
    return read === null ? null : { type: "app", ...read };
  }
  if (token === undefined && github.app !== null) {
    if (organization === undefined) return { type: "installation", ...github.app };
    const message = "an organization's webhooks can't be read by github.app; give a token";
    findings.report({ path, message });
    return null;
  }
  const value = token === undefined ? github.token : secrets.read(token, [...path, "token"]);
  if (value !== null) return { type: "token", token: value };
  if (token === undefined) {
    findings.report({ path, message: "give a token, here or in github.token, or a github.app" });
  }
  return null;
}

export const GITLAB_API = "https://gitlab.com/api/v4";

function gitlabHooks(
  { secrets }: Reading,
  input: Extract<RecoveryInput, { type: "gitlab" }>,
): Unplaced<"gitlab">[] {
  const token = secrets.read(input.token, [...input.path, "token"]);
  if (token === null) return [];
  const apiUrl = input.api_url ?? GITLAB_API;
  return ownersOf(input).map((owner) => ({ type: "gitlab", apiUrl, owner, token }));
}
