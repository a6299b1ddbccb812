import { stringify } from "yaml";
import { AppError } from "../domain/errors.ts";

/** Where the server this one stands in for listened: on every address. */
const DEFAULT_HOST = "0.0.0.0";
const DEFAULT_PORT = "3000";
const DEFAULT_EVENT = "argo-degraded";

/**
 * The settings that the environment of the Argo CD rollback server stands for (`GH_PAT_WEBHOOK`, `REPO_OWNER`,
 * `REPO_NAME`, `WEBHOOK_EVENT`, `PORT`, `LAST_HEALTHY_COMMIT`), and of a few additions (`HOST`, `WEBHOOK_TOKEN`,
 * `GITHUB_API_URL`, `OUTBOUND_ALLOW`). Secrets stay in the environment. Throws `settings:invalid`.
 */
export function rollbackSettingsText(env: NodeJS.ProcessEnv): string {
  const repository = `${name(env, "REPO_OWNER")}/${name(env, "REPO_NAME")}`;
  return stringify({
    server: {
      listen: `${bracketed(given(env, "HOST") ?? DEFAULT_HOST)}:${given(env, "PORT") ?? DEFAULT_PORT}`,
    },
    github: { token: "${GH_PAT_WEBHOOK}", ...apiUrl(env) },
    ...outbound(env),
    sources: { argocd: { kind: "argocd", path: "/*", ...authentication(env), ...firstHealthy(env) } },
    actions: { rollback: rollbackAction(repository, eventType(env)) },
  });
}

/** What is not set, and what is set to nothing, is the same. */
function given(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const value = env[variable]?.trim();
  return value === "" ? undefined : value;
}

const invalid = (message: string): AppError => new AppError("settings:invalid", message);

/** The original had one repository written into its code; sending there by default would be sending to a stranger. */
function name(env: NodeJS.ProcessEnv, variable: string): string {
  const value = given(env, variable);
  if (value === undefined) {
    throw invalid(
      `GH_PAT_WEBHOOK asks for the Argo CD rollback server, which also needs ${variable}: REPO_OWNER and REPO_NAME name the GitOps repository`,
    );
  }
  if (!/^[\w.-]+$/.test(value)) throw invalid(`${variable} is no name of an owner or a repository at GitHub`);
  return value;
}

const bracketed = (host: string): string =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;

function eventType(env: NodeJS.ProcessEnv): string {
  const type = given(env, "WEBHOOK_EVENT") ?? DEFAULT_EVENT;
  if (type.length > 100 || type.includes("${")) {
    throw invalid("WEBHOOK_EVENT must have at most 100 characters, and no ${");
  }
  return type;
}

function authentication(env: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  return given(env, "WEBHOOK_TOKEN") === undefined
    ? { unsafe_no_auth: true }
    : { secrets: ["${WEBHOOK_TOKEN}"] };
}

function firstHealthy(env: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  const revision = given(env, "LAST_HEALTHY_COMMIT");
  if (revision === undefined) return {};
  if (!/^[0-9a-f]{7,64}$/.test(revision)) {
    throw invalid("LAST_HEALTHY_COMMIT is no commit id of 7 to 64 lower-case hexadecimal digits; remove it");
  }
  return { first_healthy_revision: revision };
}

function apiUrl(env: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  const url = given(env, "GITHUB_API_URL");
  return url === undefined ? {} : { api_url: url };
}

function outbound(env: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  const networks = given(env, "OUTBOUND_ALLOW");
  return networks === undefined
    ? {}
    : { outbound: { allow: networks.split(",").map((text) => text.trim()) } };
}

const rollbackAction = (repository: string, type: string): unknown => ({
  description: `Sends ${type} to ${repository}, whose workflow restores the healthy revision`,
  params: {
    app: { required: false },
    failed_revision: { pattern: "[0-9a-f]{4,64}" },
    healthy_revision: { pattern: "[0-9a-f]{7,64}" },
  },
  on: [
    {
      source: "argocd",
      event: "health",
      when: "event.status == 'Degraded'",
      with: {
        app: "event.health.app",
        failed_revision: "event.health.revision",
        healthy_revision: "event.health.healthy_revision",
      },
    },
  ],
  on_crash: "retry",
  timeout: "30m",
  steps: [
    {
      name: "dispatch",
      dispatch: {
        repository,
        event_type: type,
        client_payload: {
          failed_revision: "${{ params.failed_revision }}",
          healthy_revision: "${{ params.healthy_revision }}",
        },
      },
    },
  ],
});
