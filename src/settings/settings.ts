import type { Action } from "../domain/action.ts";
import type { DeployApp } from "../domain/deploy.ts";
import type { Freeze } from "../domain/freeze.ts";
import type { ReportRules } from "../domain/report.ts";
import type { GithubApp } from "../lib/github-app.ts";
import type { GithubHooksOptions } from "../lib/github-hooks.ts";
import type { GitlabHooksOptions } from "../lib/gitlab-hooks.ts";
import type { Networks } from "../lib/networks.ts";
import type { TlsFiles } from "../lib/tls-pair.ts";
import type { Rate } from "../lib/token-bucket.ts";
import type { Endpoint } from "../outbound/endpoint.ts";
import type { BoundSource } from "../sources/source.ts";
import type { MetricsSettings } from "./metrics-settings.ts";

/** `hookwright.yaml`, parsed once: defaults applied, secrets read, durations in ms, sizes in bytes, paths absolute, frozen. */
export interface Settings {
  /** Absolute path, or null when made without a file. */
  readonly file: string | null;
  /** The folder that relative paths start from. */
  readonly dir: string;
  /** The text as written, `${ENV}` unread; and its SHA-256 in hex. */
  readonly text: string;
  readonly digest: string;
  readonly server: ServerSettings;
  readonly store: StoreSettings;
  /** Absolute; holds what a server keeps on its own machine: its local token, and by default the embedded database. */
  readonly dataDir: string;
  readonly work: WorkSettings;
  /** Null: there are none. */
  readonly metrics: MetricsSettings | null;
  readonly retention: RetentionSettings;
  readonly sources: Readonly<Record<string, SourceSettings>>;
  readonly actions: Readonly<Record<string, Action>>;
  readonly freezes: readonly Freeze[];
  /** Who is told what has happened. */
  readonly notify: Readonly<Record<string, Endpoint>>;
  /** What forges are told, by the name of the rules. */
  readonly reports: Readonly<Record<string, ReportRules>>;
  readonly github: GithubSettings;
  readonly outbound: OutboundSettings;
  readonly kapp: KappSettings;
  /** What the deploy API deploys; none: it is off. */
  readonly deployApps: readonly DeployApp[];
  /** What no sandbox shows. */
  readonly privatePaths: PrivatePaths;
  /** Every secret's value that must never be shown; for masking. */
  readonly secretValues: readonly string[];
  /** Things that are allowed but unwise; shown at start and by `check`. */
  readonly warnings: readonly string[];
}

/** All absolute. */
export interface PrivatePaths {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export type StoreSettings =
  /** Absolute path of the embedded database's file. */
  { readonly kind: "sqlite"; readonly path: string } | { readonly kind: "postgres"; readonly url: string };

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** Null: plain HTTP. */
  readonly tls: TlsSettings | null;
  /** Null: on the same address as everything else. */
  readonly admin: AdminListen | null;
  /** Without a trailing slash; null: derived from host and port. */
  readonly publicUrl: string | null;
  /** Bound on the bytes of all bodies being received at once. Default 256 MiB. */
  readonly maxBufferedBytes: number;
  /** Time in which a whole request must have arrived. Default 30 s. */
  readonly requestTimeoutMs: number;
  /** How long SIGTERM waits for running tasks. Default 10 min. */
  readonly drainTimeoutMs: number;
  /** The same signed bytes under another delivery id within this time are a replay. Default 24 h. */
  readonly replayWindowMs: number;
  /** Bytes of webhooks that may be kept on this machine while PostgreSQL is away; null: none. */
  readonly spoolBytes: number | null;
  /** Networks of proxies whose `X-Forwarded-For` is believed. Default none. */
  readonly trustedProxies: readonly string[];
  /** Of everything that no source has limits of its own for. */
  readonly rateLimits: RateLimits;
}

export interface TlsSettings extends TlsFiles {
  /** Tell browsers to come back by TLS only. Default true. */
  readonly hsts: boolean;
}

/** Where our own API listens, apart from webhooks; paths absolute. */
export type AdminListen =
  | { readonly socket: null; readonly host: string; readonly port: number }
  | { readonly socket: string };

/** Null: not limited. */
export interface RateLimits {
  /** Of one client, counting what does not prove who sent it. Default 100 a second, 2000 at once. */
  readonly client: Rate | null;
  /** Of one source, counting what does. Default none. */
  readonly source: Rate | null;
}

export interface WorkSettings {
  /** Tasks that run at once on this node. Default 4. */
  readonly concurrency: number;
  /** How long the other nodes wait for a sign of life of this one. Default 30 s. */
  readonly leaseMs: number;
  /** Holds one folder per action for steps that name no workdir. Default `./data/work`. */
  readonly dir: string;
}

/** How long things are kept, in ms; null: for ever. */
export interface RetentionSettings {
  readonly bodiesMs: number | null;
  readonly deliveriesMs: number | null;
  readonly logsMs: number | null;
  readonly tasksMs: number | null;
  readonly auditMs: number | null;
  /** Bound on the bytes of all bodies. */
  readonly maxBytes: number;
}

export interface SourceSettings {
  /** URL path it is received on. Default `/hooks/NAME`. */
  readonly path: string;
  /** Where its webhooks may come from; null: from anywhere. */
  readonly allowFrom: Networks | null;
  readonly rateLimits: RateLimits;
  readonly source: BoundSource;
  /** Null: what does not come in is not asked for. */
  readonly recovery: RecoverySettings | null;
}

export interface RecoverySettings {
  readonly everyMs: number;
  /** How often one delivery is asked for. */
  readonly attempts: number;
  readonly hooks: readonly RecoveryHook[];
}

/** Where the sender can be asked about one webhook. */
export type RecoveryHook =
  | ({ readonly type: "github" } & GithubHooksOptions)
  | ({ readonly type: "gitlab" } & GitlabHooksOptions);

export interface GithubSettings {
  /** For API calls; null: by the App, or unauthenticated. */
  readonly token: string | null;
  readonly app: GithubApp | null;
  readonly apiUrl: string;
}

export interface OutboundSettings {
  /** Networks that may be called although they are not public. Default none. */
  readonly allowCidrs: readonly string[];
}

/** The K-App API on `POST /`. */
export interface KappSettings {
  /** argon2 hash of the one token; null: the API is off. From `TOKEN_HASH` or `kapp.token_hash`. */
  readonly tokenHash: string | null;
}
