import { hostname } from "node:os";
import { dirname } from "node:path";
import { removeLocalAddress, writeLocalAddress } from "./accounts/local-address.ts";
import { createTokens } from "./accounts/tokens.ts";
import { AppError } from "./domain/errors.ts";
import { createHttpServer } from "./http/server.ts";
import { newId } from "./lib/ids.ts";
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./lib/logger.ts";
import { createOutboundFetch } from "./lib/outbound.ts";
import { prepareLauncher } from "./lib/processes/launcher.ts";
import { onSignals } from "./lib/signals.ts";
import { createEmbeddedQueue } from "./queue/embedded.ts";
import type { Queue } from "./queue/queue.ts";
import { loadSettings, parseSettings } from "./settings/load.ts";
import type { Settings } from "./settings/settings.ts";
import { watchSettings } from "./settings/watch.ts";
import { openStore } from "./storage/open.ts";
import type { Store } from "./storage/store.ts";
import { createApp } from "./usecases/create-app.ts";
import { createHub } from "./usecases/hub.ts";
import { recoverTasks } from "./usecases/recover-tasks.ts";
import { createRefusalLog } from "./usecases/refusal-log.ts";
import { createRefusals } from "./usecases/refusals.ts";
import { runTask } from "./usecases/run-task.ts";
import { createRunningTasks } from "./usecases/running-tasks.ts";
import type { Services } from "./usecases/services.ts";
import { createSettingsHolder } from "./usecases/settings-holder.ts";
import { createStepWeights } from "./usecases/step-weights.ts";

const REFUSALS_FLUSH_MS = 5_000;
const STORE_ANSWER_MS = 2_000;
/** After the drain: what ending the commands and running their undos may take beyond the grace period. */
const ENDING_MS = 60_000;

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
}

export interface RunningServer {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  readonly settings: Settings;
  /** An admin token for tools on this machine. */
  readonly localToken: string;
  /** Drains, then ends. May be called again while it drains: then it waits no longer for running tasks. */
  close(): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

/** Starts the whole server. Rejects with AppError `settings:*`, `store:*` or the reason why it can't listen. */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { env = process.env } = options;
  const settings = options.settings ?? (await readSettings(options.settingsFile, env));
  const logger = options.logger ?? createLogger({ level: logLevel(env) });
  const store = await openStore({ path: settings.storePath });
  try {
    return await serve({ options, env, settings, logger, store });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function logLevel({ LOG_LEVEL: level = "info" }: NodeJS.ProcessEnv): LogLevel {
  return LOG_LEVELS.find((known) => known === level.toLowerCase()) ?? "info";
}

function readSettings(file: string | undefined, env: NodeJS.ProcessEnv): Promise<Settings> {
  if (file === undefined) throw new AppError("settings:not_found");
  return loadSettings({ file, env });
}

interface Parts {
  readonly options: StartServerOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly store: Store;
}

async function serve(parts: Parts): Promise<RunningServer> {
  const { options, settings, logger, store } = parts;
  const node = `${hostname()}-${newId()}`;
  const queue = createEmbeddedQueue({
    store,
    node,
    concurrency: () => services.settings.current().work.concurrency,
    onError: (error) => logger.error({ err: error }, "The queue failed"),
  });
  const services: Services = createServices(parts, queue, node);
  await services.settings.replace(settings);
  const tokens = createTokens({ store });
  const localDir = dirname(settings.storePath);
  const localToken = await tokens.ensureLocalToken(localDir);
  const life = createLife({ parts, services, queue });
  const app = createApp({
    services,
    ready: () => life.ready(),
    reloadSettings: () => reload(parts, services),
  });
  const http = createHttpServer({ app, settings: () => services.settings.current(), tokens, logger });
  const url = await http.listen(options.listen ?? settings.server);
  life.begin({ work: options.work !== false });
  life.onClose(() => removeLocalAddress(localDir, url));
  life.onClose(() => http.close());
  await writeLocalAddress(localDir, url).catch((error: unknown) => {
    logger.warn({ err: error }, "The command-line tools won't find this server by themselves");
  });
  if (options.signals === true) life.listenToSignals(() => reload(parts, services));
  logger.info({ url, node }, "Serving");
  return { url, settings, localToken, close: () => life.close(), closed: life.closed };
}

function createServices(parts: Parts, queue: Queue, node: string): Services {
  const { store, settings, logger, env } = parts;
  const now = (): Date => new Date();
  const { file, dir } = settings;
  const services: Services = {
    node,
    store,
    queue,
    logger,
    now,
    settings: createSettingsHolder({
      store,
      now,
      initial: settings,
      parse: (text) => parseSettings({ text, file, dir, env }),
    }),
    hub: createHub(),
    running: createRunningTasks(),
    refusals: createRefusals(store),
    refusalLog: createRefusalLog({ logger, now }),
    weights: createStepWeights({ store, now }),
    fetch: createFetch(() => services.settings.current()),
  };
  return services;
}

/** The outbound client; made anew when reloaded settings allow other networks. */
function createFetch(current: () => Settings): typeof fetch {
  let made = { allowed: "[]", fetch: createOutboundFetch() };
  return (input, init) => {
    const { allowCidrs } = current().outbound;
    const allowed = JSON.stringify(allowCidrs);
    if (allowed !== made.allowed) made = { allowed, fetch: createOutboundFetch({ allowCidrs }) };
    return made.fetch(input, init);
  };
}

/** Puts the file as it is now in force, or throws and changes nothing. */
async function reload({ env, settings: initial, logger }: Parts, services: Services): Promise<void> {
  if (initial.file === null) return;
  try {
    const settings = await loadSettings({ file: initial.file, env });
    await services.settings.replace(settings);
    warnOfFixed(initial, settings, logger);
    services.queue.wake();
    logger.info({ file: settings.file, digest: settings.digest }, "Settings reloaded");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logger.error(`The new settings are refused, the old ones stay:\n${message}`);
    throw error;
  }
}

/** What a running server can't change. */
function warnOfFixed(initial: Settings, settings: Settings, logger: Logger): void {
  const moved =
    initial.server.host !== settings.server.host ||
    initial.server.port !== settings.server.port ||
    initial.storePath !== settings.storePath;
  if (moved) logger.warn("A new listen address or store takes effect at the next start");
}

interface LifeOptions {
  readonly parts: Parts;
  readonly services: Services;
  readonly queue: Queue;
}

interface Life {
  begin(options: { readonly work: boolean }): void;
  ready(): Promise<void>;
  onClose(react: () => Promise<void>): void;
  listenToSignals(reloadSettings: () => Promise<void>): void;
  close(): Promise<void>;
  readonly closed: Promise<void>;
}

/** The course of a server's life: working, draining, ended. */
function createLife({ parts, services, queue }: LifeOptions): Life {
  const { store, logger, settings } = parts;
  const closed = Promise.withResolvers<void>();
  const impatient = Promise.withResolvers<false>();
  const onEnd: (() => Promise<void>)[] = [];
  let closing = false;
  let recovery: Promise<unknown> = Promise.resolve();
  let flusher: NodeJS.Timeout | undefined;

  async function end(): Promise<void> {
    const drain = queue.drain(services.settings.current().server.drainTimeoutMs);
    if (queue.running > 0) logger.info({ tasks: queue.running }, "Waiting for running tasks");
    if (!(await Promise.race([drain, impatient.promise]))) {
      services.running.shutDown();
      await queue.drain(longestGrace(settings) + ENDING_MS);
    }
    queue.stop();
    await within(ENDING_MS, recovery);
    for (const react of onEnd) await react();
    clearInterval(flusher);
    await Promise.allSettled([services.refusals.flush()]);
    await store.close();
    logger.info("Ended");
  }

  const life: Life = {
    closed: closed.promise,
    begin({ work }) {
      flusher = setInterval(() => {
        services.refusals
          .flush()
          .catch((error: unknown) => logger.warn({ err: error }, "Counters not stored"));
      }, REFUSALS_FLUSH_MS);
      if (!work) return;
      prepareLauncher();
      recovery = recoverTasks(services)
        .then((count) => count > 0 && logger.warn({ tasks: count }, "Recovered tasks of a dead server"))
        .catch((error: unknown) => logger.error({ err: error }, "Recovery failed"));
      queue.start((claimed) => runTask(services, claimed));
    },
    async ready() {
      if (closing) throw new AppError("server:draining");
      if (!(await within(STORE_ANSWER_MS, store.ping()))) throw new AppError("store:unavailable");
    },
    onClose(react) {
      onEnd.push(react);
    },
    listenToSignals(reloadSettings) {
      const tryReload = (): void => void reloadSettings().catch(() => undefined);
      const stop = (): void => {
        void life.close();
      };
      const off = onSignals({ SIGTERM: stop, SIGINT: stop, SIGHUP: tryReload });
      const { file } = settings;
      const unwatch = file === null ? undefined : watchSettings({ file, onChange: tryReload });
      onEnd.push(async () => {
        unwatch?.();
        off();
      });
    },
    close() {
      if (closing) impatient.resolve(false);
      else end().then(closed.resolve, closed.reject);
      closing = true;
      return closed.promise;
    },
  };
  return life;
}

const longestGrace = ({ actions }: Settings): number =>
  Math.max(0, ...Object.values(actions).map((action) => action.graceMs));

/** False when it took longer. Rejects as `work` does. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
