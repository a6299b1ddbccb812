import { hostname } from "node:os";
import { VERSION } from "../http/identity.ts";
import type { Logger } from "../lib/logger.ts";
import { checkConfinement } from "../settings/confinement-here.ts";
import type { Settings } from "../settings/settings.ts";
import type { MaybeLate } from "../storage/late-store.ts";
import { NODE_ROLES, type Store } from "../storage/store.ts";
import type { NodeIdentity } from "../usecases/keep-node.ts";
import type { Meters } from "../usecases/meters.ts";
import type { Traces } from "../usecases/traces.ts";

export interface StartServerOptions {
  /** Either this or `settings`. */
  readonly settingsFile?: string;
  readonly settings?: Settings;
  readonly env?: NodeJS.ProcessEnv;
  readonly logger?: Logger;
  /** Instead of the settings' address; port 0 takes a free one. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** React to SIGTERM, SIGINT, SIGHUP and to changes of the settings file. */
  readonly signals?: boolean;
  /** False: answer only, run nothing that waits. */
  readonly work?: boolean;
  /** False: take no webhooks. */
  readonly receive?: boolean;
  /** False: ask no sender for what did not come in. A server that lives for one command only is not there to take it. */
  readonly recover?: boolean;
  /** Of this machine, among those that share the store; default: its host name. */
  readonly name?: string | undefined;
  /** What tasks name that are to run on this machine; its name is one of them. */
  readonly labels?: readonly string[];
}

export interface RunningServer {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  /** Of its API: the same, or that of `server.admin`, which may be `unix:/PATH`. */
  readonly api: string;
  readonly settings: Settings;
  /** An admin token for tools on this machine. */
  readonly localToken: string;
  /** Of a server that is there for one command only: whether one that lives on waits for it to let go of the embedded database. */
  isWanted(): boolean;
  /** Drains, then ends. May be called again while it drains: then it waits no longer for running tasks. */
  close(): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

export interface Parts extends MaybeLate {
  readonly options: StartServerOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
  readonly logger: Logger;
  /** Where deliveries wait for the store; null: nowhere. */
  readonly spoolDisk: Store | null;
  /** Where it listens, once it does. */
  readonly place: { url: string };
  readonly meters: Meters;
  readonly traces: Traces | null;
}

export function identityOf({
  name = hostname(),
  labels = [],
  receive = true,
  work = true,
}: StartServerOptions): NodeIdentity {
  const roles = NODE_ROLES.filter((role) => (role === "work" ? work : receive));
  return { name, roles, version: VERSION, labels: [...new Set([name, ...labels])] };
}

/** Rejects `settings:invalid` where a task would have no account or sandbox on this machine. */
export async function checkHere(options: StartServerOptions, settings: Settings): Promise<Settings> {
  if (options.work !== false) await checkConfinement(settings, identityOf(options).labels);
  return settings;
}
