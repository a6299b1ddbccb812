import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AppError } from "../domain/errors.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { readDocument } from "./document.ts";
import { expandEnvironment } from "./environment-values.ts";
import { builtInKinds, type Kinds } from "./kinds.ts";
import { displayName, formatProblem, invalidSettings } from "./problems.ts";
import { readActions } from "./read-actions.ts";
import type { Reading } from "./reading.ts";
import { readSources } from "./read-sources.ts";
import { createFindings, problemAt } from "./report.ts";
import { settingsCommon, type CommonInput } from "./schema.ts";
import { createSecretReader } from "./secrets.ts";
import type { ServerSettings, Settings } from "./settings.ts";

export interface LoadInput {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Reads and parses a settings file. Rejects `settings:not_found`, or `settings:invalid` with everything that is wrong. */
export async function loadSettings({ file, env }: LoadInput): Promise<Settings> {
  const path = resolve(file);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("settings:not_found", `${displayName(path)} can't be read: ${reason}`);
  });
  return parseSettings({ text, file: path, dir: dirname(path), env });
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

const TOP_KEYS = [...Object.keys(settingsCommon.shape), "sources", "actions"];

/** Parses a settings text. Throws `settings:invalid`; `details.problems` has each problem with its place. */
export function parseSettings({ text, file, dir, env, kinds = builtInKinds }: ParseInput): Settings {
  const read = readDocument(text);
  if (!read.ok) {
    const none = { key: "", suggestion: null };
    throw invalidSettings(read.errors.map(({ message, ...at }) => problemAt(file, at, { ...none, message })));
  }
  const findings = createFindings({ file, document: read.document });
  const { report, warn } = findings;
  const secrets = createSecretReader({ dir, report, warn });
  const expand: Reading["expand"] = (value, path) => expandEnvironment({ value, path, env, report });
  const reading: Reading = { findings, kinds, secrets, env, dir, expand };
  const settings = readAll(reading, { file, text, data: read.document.data ?? {} });
  if (findings.problems.length > 0 || settings === null) throw invalidSettings(findings.problems);
  return Object.freeze(settings);
}

interface ReadInput {
  readonly file: string | null;
  readonly text: string;
  readonly data: unknown;
}

function readAll(reading: Reading, { file, text, data }: ReadInput): Settings | null {
  const { findings, dir, env } = reading;
  const { report } = findings;
  if (!isObject(data)) {
    report({ path: [], message: "expected a map with the keys sources and actions" });
    return null;
  }
  checkKeys({ value: data, known: TOP_KEYS, path: [], report });
  const parts = Object.fromEntries(
    Object.keys(settingsCommon.shape).map((key) => [key, data[key] ?? undefined]),
  );
  const common = checkValue({ schema: settingsCommon, value: reading.expand(parts, []), path: [], report });
  const sources = readSources(reading, data["sources"]);
  const actions = readActions(
    reading,
    data["actions"],
    Object.keys(isObject(data["sources"]) ? data["sources"] : {}),
  );
  if (common === null) return null;
  const { github, kapp } = readAccess(reading, common);
  return {
    file,
    dir,
    text,
    digest: createHash("sha256").update(text).digest("hex"),
    server: readServer(reading, common),
    ...readStore(dir, common.store),
    work: {
      concurrency: common.work.concurrency,
      leaseMs: common.work.lease,
      dir: resolve(dir, common.work.dir),
    },
    sources,
    actions,
    github,
    outbound: { allowCidrs: common.outbound.allow },
    kapp,
    secretValues: Object.freeze([...reading.secrets.values, ...passwordsOf(common.store), ...tokenOf(env)]),
    warnings: findings.warnings.map(formatProblem),
  };
}

const DATA_DIR = "./data";

function readStore(dir: string, store: string): Pick<Settings, "store" | "dataDir"> {
  if (!store.startsWith("sqlite:")) {
    return { store: { kind: "postgres", url: store }, dataDir: resolve(dir, DATA_DIR) };
  }
  const path = resolve(dir, store.replace(/^sqlite:/, ""));
  return { store: { kind: "sqlite", path }, dataDir: dirname(path) };
}

/** The database's password as it stands in the URL, and as it is. */
function passwordsOf(store: string): string[] {
  const [, password] = /^[a-z]+:\/\/[^/@]*?:([^/@]+)@/.exec(store) ?? [];
  if (password === undefined) return [];
  return [...new Set([password, decodeURIComponent(password)])];
}

/** The CLI's token is a secret too, should it be in the environment. */
const tokenOf = (env: NodeJS.ProcessEnv): string[] =>
  [env["HOOKWRIGHT_TOKEN"]].filter((token) => token !== undefined);

function readAccess(
  { secrets, env }: Reading,
  { github, kapp }: CommonInput,
): Pick<Settings, "github" | "kapp"> {
  const token = github.token === undefined ? null : secrets.read(github.token, ["github", "token"]);
  const given = kapp.token_hash ?? env["TOKEN_HASH"];
  const tokenHash = given === undefined ? null : secrets.read(given, ["kapp", "token_hash"]);
  return { github: { token, apiUrl: github.api_url.replace(/\/+$/, "") }, kapp: { tokenHash } };
}

const DEFAULT_PORT = 8080;

function readServer({ findings, env }: Reading, { server }: CommonInput): ServerSettings {
  const listen = server.listen ?? `127.0.0.1:${env["PORT"] ?? DEFAULT_PORT}`;
  const colon = listen.lastIndexOf(":");
  const port = Number(listen.slice(colon + 1));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const where = server.listen === undefined ? "the environment's PORT" : "the port";
    findings.report({ path: ["server", "listen"], message: `${where} must be a number from 0 to 65535` });
  }
  return {
    host: listen.slice(0, colon).replace(/^\[(.*)\]$/, "$1"),
    port,
    publicUrl: server.public_url?.replace(/\/+$/, "") ?? null,
    maxBufferedBytes: server.max_buffered,
    requestTimeoutMs: server.request_timeout,
    drainTimeoutMs: server.drain_timeout,
    replayWindowMs: server.replay_window,
    trustedProxies: server.trusted_proxies,
  };
}
