import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { formatDuration } from "../lib/duration.ts";
import { checkFences } from "./check-fences.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { readDocument } from "./document.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { builtInKinds, type Kinds } from "./kinds.ts";
import { formatProblem, invalidSettings } from "./problems.ts";
import { readActions } from "./read-actions.ts";
import { readEndpoints } from "./read-endpoints.ts";
import { readGithubApp } from "./github-schema.ts";
import { readSettingsFile } from "./read-file.ts";
import { readAdmin, readListen, readTls } from "./listen-schema.ts";
import { completeMetrics } from "./metrics-settings.ts";
import { createReading, type Reading } from "./reading.ts";
import { readFreezes } from "./read-freezes.ts";
import { completeRateLimits } from "./rate-limit-schema.ts";
import { readReports } from "./read-reports.ts";
import { readSources } from "./read-sources.ts";
import { privatePathsOf } from "./private-paths.ts";
import { problemAt } from "./report.ts";
import { settingsCommon, type CommonInput } from "./schema.ts";
import { bindDeploys, DEPLOY_SOURCE } from "../sources/registry.ts";
import { DEPLOY_PATH } from "../domain/own-paths.ts";
import type { RetentionSettings, ServerSettings, Settings, SourceSettings } from "./settings.ts";
import { forbidTemplates } from "./templates.ts";

export interface LoadInput {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Reads and parses a settings file. Rejects `settings:not_found`, or `settings:invalid` with everything that is wrong. */
export async function loadSettings({ file, env }: LoadInput): Promise<Settings> {
  const path = resolve(file);
  return parseSettings({ text: await readSettingsFile(path), file: path, dir: dirname(path), env });
}

export interface ParseInput {
  readonly text: string;
  /** Absolute, for messages; null where there is none. */
  readonly file: string | null;
  /** Relative paths start here. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly kinds?: Kinds;
}

const COMMON_KEYS = Object.keys(settingsCommon.shape);
const TOP_KEYS = [...COMMON_KEYS, "sources", "actions", "notify"];

/** Parses a settings text. Throws `settings:invalid`; `details.problems` has each problem with its place. */
export function parseSettings({ text, file, dir, env, kinds = builtInKinds }: ParseInput): Settings {
  const { document, errors } = readDocument(text);
  const syntax = errors.map(({ message, ...at }) =>
    problemAt(file, at, { key: "", message, suggestion: null }),
  );
  if (document === null) throw invalidSettings(syntax);
  const reading = createReading({ file, document, dir, env, kinds });
  const settings = readAll(reading, { file, text, data: document.data });
  const problems = [...syntax, ...reading.findings.problems];
  if (problems.length > 0 || settings === null) throw invalidSettings(problems);
  return deepFreeze(settings);
}

interface ReadInput {
  readonly file: string | null;
  readonly text: string;
  readonly data: unknown;
}

function readAll(reading: Reading, { file, text, data }: ReadInput): Settings | null {
  const { findings, dir, env } = reading;
  if (!isObject(data)) {
    const message = data === null ? "the file is empty; expected" : "expected";
    findings.report({ path: [], message: `${message} a map with the keys sources and actions` });
    return null;
  }
  checkKeys({ value: data, known: TOP_KEYS, path: [], report: findings.report });
  const common = readCommon(reading, data);
  const around =
    common === null ? null : { server: readServer(reading, common), ...readAccess(reading, common) };
  const sources = {
    ...readSources(reading, data["sources"], around),
    ...deploySource(common, around?.server),
  };
  const names = {
    sources: [...namesIn(data["sources"]), ...(common === null ? [DEPLOY_SOURCE] : deployNames(common))],
    endpoints: namesIn(data["notify"]),
  };
  const actions = readActions(reading, data["actions"], names);
  const notify = readEndpoints(reading, data["notify"]);
  if (common === null || around === null) return null;
  if (deployNames(common).length > 0 && namesIn(data["sources"]).includes(DEPLOY_SOURCE)) {
    const message = "the name is taken by the deploy API (the key deploy)";
    findings.report({ path: ["sources", DEPLOY_SOURCE], message });
  }
  const store = readStore(reading, common);
  const workDir = resolve(dir, common.work.dir);
  const privatePaths = privatePathsOf(reading, { file, text, workDir, ...store, ...around });
  const open = [workDir, join(store.dataDir, "apps")];
  // Where a step is missing because of what is wrong with it, the places of the others are not known.
  if (findings.problems.length === 0)
    checkFences(actions, { dir, dataDir: store.dataDir, open }, findings.report);
  return {
    file,
    dir,
    text,
    digest: createHash("sha256").update(text).digest("hex"),
    ...store,
    work: {
      concurrency: common.work.concurrency,
      leaseMs: common.work.lease,
      dir: workDir,
    },
    metrics: completeMetrics(common.metrics),
    retention: readRetention(reading, common),
    sources,
    actions,
    freezes: readFreezes(reading, common.freeze, namesIn(data["actions"])),
    notify,
    outbound: { allowCidrs: common.outbound.allow },
    reports: readReports(reading, { ...common, actions: data["actions"] }, around.github),
    ...around,
    deployApps: Object.entries(common.deploy.apps).map(([name, { repository, users }]) => ({
      name,
      repository,
      users,
    })),
    privatePaths,
    secretValues: [...reading.secrets.values, ...tokenOf(env)],
    warnings: findings.warnings.map(formatProblem),
  };
}

const deployNames = ({ deploy }: CommonInput): string[] =>
  Object.keys(deploy.apps).length === 0 ? [] : [DEPLOY_SOURCE];

/** The deploy API's own source, where there are apps for it. */
function deploySource(
  common: CommonInput | null,
  server: ServerSettings | undefined,
): Record<string, SourceSettings> {
  if (common === null || server === undefined || deployNames(common).length === 0) return {};
  const source = bindDeploys({ travisKeyUrls: common.deploy.travis_key_urls });
  const { rateLimits } = server;
  return { [DEPLOY_SOURCE]: { path: DEPLOY_PATH, allowFrom: null, recovery: null, rateLimits, source } };
}

const namesIn = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : []);

const DATA_DIR = "./data";

function readStore({ dir, secrets }: Reading, { store }: CommonInput): Pick<Settings, "store" | "dataDir"> {
  if (!store.startsWith("sqlite:")) {
    // Its password must not be shown.
    secrets.suspect(store);
    return { store: { kind: "postgres", url: store }, dataDir: resolve(dir, DATA_DIR) };
  }
  const path = resolve(dir, store.replace(/^sqlite:/, ""));
  return { store: { kind: "sqlite", path }, dataDir: dirname(path) };
}

function readRetention({ findings }: Reading, { retention, server }: CommonInput): RetentionSettings {
  const { bodies, deliveries, logs, tasks, audit, max_size: maxBytes } = retention;
  if (deliveries !== null && deliveries < server.replay_window) {
    const window = formatDuration(server.replay_window);
    const message = `deliveries have to be known for as long as a replay is looked for (server.replay_window, ${window})`;
    findings.report({ path: ["retention", "deliveries"], message });
  }
  return {
    bodiesMs: bodies,
    deliveriesMs: deliveries,
    logsMs: logs,
    tasksMs: tasks,
    auditMs: audit,
    maxBytes,
  };
}

/** A key with nothing behind it is as good as none: `server:` whose lines are all comments. */
function readCommon(reading: Reading, data: Readonly<Record<string, unknown>>): CommonInput | null {
  const given = Object.entries(data).filter(
    ([key, value]) => COMMON_KEYS.includes(key) && value !== null && value !== undefined,
  );
  const value = Object.fromEntries(given);
  forbidTemplates(reading, value, []);
  return checkValue({
    schema: settingsCommon,
    value: reading.expand(value, []),
    path: [],
    report: reading.findings.report,
  });
}

/** The CLI's token is a secret too, should it be in the environment. */
const tokenOf = (env: NodeJS.ProcessEnv): string[] =>
  [env["HOOKWRIGHT_TOKEN"]].filter((token) => token !== undefined);

function readAccess(reading: Reading, { github, kapp }: CommonInput): Pick<Settings, "github" | "kapp"> {
  const { secrets, env } = reading;
  const token = github.token === undefined ? null : secrets.read(github.token, ["github", "token"]);
  const given = kapp.token_hash ?? env["TOKEN_HASH"];
  const tokenHash = given === undefined ? null : secrets.read(given, ["kapp", "token_hash"]);
  const app = github.app === undefined ? null : readGithubApp(reading, github.app, ["github", "app"]);
  return { github: { token, app, apiUrl: github.api_url.replace(/\/+$/, "") }, kapp: { tokenHash } };
}

const DEFAULT_PORT = 8080;

function readSpool({ findings }: Reading, { server, store }: CommonInput): number | null {
  if (!server.spool) return null;
  if (store.startsWith("sqlite:")) {
    const message = "is for a store on PostgreSQL; the embedded one is never away";
    findings.report({ path: ["server", "spool"], message });
  }
  return server.spool_limit;
}

function readServer(reading: Reading, common: CommonInput): ServerSettings {
  const { findings, env } = reading;
  const { server } = common;
  const given = env["PORT"] ?? "";
  const listen = server.listen ?? `127.0.0.1:${given === "" ? DEFAULT_PORT : given}`;
  const { host, port } = readListen(listen);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const where = server.listen === undefined ? "the environment's PORT" : "the port";
    findings.report({ path: ["server", "listen"], message: `${where} must be a number from 0 to 65535` });
  }
  return {
    host,
    port,
    tls: readTls(reading, server.tls),
    admin: readAdmin(reading, server.admin),
    publicUrl: server.public_url?.replace(/\/+$/, "") ?? null,
    maxBufferedBytes: server.max_buffered,
    requestTimeoutMs: server.request_timeout,
    drainTimeoutMs: server.drain_timeout,
    replayWindowMs: server.replay_window,
    spoolBytes: readSpool(reading, common),
    trustedProxies: server.trusted_proxies,
    rateLimits: completeRateLimits(server.rate_limit),
  };
}
