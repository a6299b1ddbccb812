import { hostname } from "node:os";
import { join } from "node:path";
import { createWhereabouts } from "./accounts/local-address.ts";
import { createSessions } from "./accounts/sessions.ts";
import { createTokens } from "./accounts/tokens.ts";
import { createMachineVault, createSharedVault } from "./accounts/pairing-vault.ts";
import { createPairings } from "./accounts/pairings.ts";
import { createUsers } from "./accounts/users.ts";
import { SERVER } from "./domain/audit.ts";
import { AppError } from "./domain/errors.ts";
import { nodeId } from "./domain/node.ts";
import { VERSION } from "./http/identity.ts";
import { openTls } from "./http/open-tls.ts";
import { createHttpServer } from "./http/server.ts";
import { newId } from "./lib/ids.ts";
import { createLogger, levelOf, type Logger } from "./lib/logger.ts";
import { createGuardedClients, type GuardedClients } from "./lib/guarded-clients.ts";
import { originOf } from "./lib/origin.ts";
import { onSignals } from "./lib/signals.ts";
import type { Outbound } from "./outbound/outbound.ts";
import { createReporting } from "./outbound/reports/reporting.ts";
import { createSender } from "./outbound/sender.ts";
import { createTellingStore } from "./outbound/telling-store.ts";
import { createEmbeddedQueue } from "./queue/embedded.ts";
import type { Queue } from "./queue/queue.ts";
import { checkConfinement } from "./settings/confinement-here.ts";
import { loadSettings, parseSettings } from "./settings/load.ts";
import { secretChanges } from "./settings/secret-changes.ts";
import { openSecretStore, secretPlaceOf } from "./settings/secret-store.ts";
import type { Settings } from "./settings/settings.ts";
import { watchSettings } from "./settings/watch.ts";
import { createAuditor } from "./storage/auditor.ts";
import { type MaybeLate, openOrLater } from "./storage/late-store.ts";
import { createMeteredStore } from "./storage/metered-store.ts";
import { openStore } from "./storage/open.ts";
import type { SharedStore } from "./storage/postgres/shared.ts";
import { NODE_ROLES, type Store } from "./storage/store.ts";
import type { App } from "./usecases/app.ts";
import { createApp } from "./usecases/create-app.ts";
import { createHoldKeeper } from "./usecases/hold-keeper.ts";
import { AUDIT, createHub, type Hub, MESSAGES } from "./usecases/hub.ts";
import { keepRetention } from "./usecases/keep-retention.ts";
import { createMeters, type Meters } from "./usecases/meters.ts";
import { createNodeKeeper, type NodeIdentity } from "./usecases/keep-node.ts";
import { createLife, type Life } from "./usecases/life.ts";
import { createPublishedKeys } from "./usecases/published-keys.ts";
import { persist } from "./usecases/persist.ts";
import { createRecoveryLoop } from "./usecases/recovery-loop.ts";
import { createRefusalLog } from "./usecases/refusal-log.ts";
import { createRefusals } from "./usecases/refusals.ts";
import { createReload } from "./usecases/reload-settings.ts";
import { createRunningTasks } from "./usecases/running-tasks.ts";
import type { Services } from "./usecases/services.ts";
import { createSettingsHolder } from "./usecases/settings-holder.ts";
import { createReportTokens } from "./usecases/report-token.ts";
import { spoolOf } from "./usecases/spool-of.ts";
import { createStepWeights } from "./usecases/step-weights.ts";
import { startTraces } from "./usecases/start-traces.ts";
import { createTracedStore } from "./usecases/traced-store.ts";
import type { Traces } from "./usecases/traces.ts";

/** What moves a store to PostgreSQL. A server has no use for it, and is not to load its driver. */
export const storeMoving = () => import("./storage/move/move-store.ts");

/** The same: what looks at a store from outside. */
export const storeInspection = () => import("./storage/inspect.ts");

/** The same: what backs a store up, and restores it. */
export const storeBackups = async () => ({
  ...(await import("./storage/backup/create.ts")),
  ...(await import("./storage/backup/restore.ts")),
});

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
  /** Drains, then ends. May be called again while it drains: then it waits no longer for running tasks. */
  close(): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

/** Starts the whole server. Rejects with AppError `settings:*`, `store:*` or the reason why it can't listen. */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { env = process.env } = options;
  const settings = options.settings ?? (await readSettings(options.settingsFile, env));
  await checkHere(options, settings);
  const logger = options.logger ?? createLogger({ level: levelOf(env) });
  const spoolDisk = await openSpoolDisk(options, settings);
  const { store: plain, opened } = await openStoreOrLater({ settings, logger }, spoolDisk !== null).catch(
    async (error: unknown) => {
      await spoolDisk?.close();
      throw error;
    },
  );
  const identity = identityOf(options);
  const node = nodeId(identity.name, newId());
  const traces = await startTraces({ env, logger, version: VERSION, node });
  const meters = createMeters({
    settings: () => services.settings.current(),
    version: VERSION,
    queueStats: () => store.queueStats(),
    running: () => queue.running,
  });
  if (settings.metrics !== null) await meters.start();
  const metered = createMeteredStore(plain, meters);
  const traced = traces === null ? metered : createTracedStore(metered, traces);
  const store = createTellingStore(traced, {
    wake: () => services.outbound.wake(),
    changed: () => services.hub.notify(MESSAGES),
  });
  const place = { url: originOf(settings.server) };
  const parts: Parts = { options, env, settings, logger, store, opened, spoolDisk, place, meters, traces };
  const shared = await shareStore(parts);
  const concurrency = (): number => services.settings.current().work.concurrency;
  const isDoubtful = (since: number): boolean => keeper.wasOutOfTouch(since);
  const queue = await createQueue(parts, {
    node,
    labels: identity.labels,
    concurrency,
    isDoubtful,
    pool: shared?.pool,
  });
  const services = createServices(parts, { queue, node, hub: createHub({ broadcast: shared?.send }) });
  const keeper = createNodeKeeper({ services, queue, identity, leaseMs: settings.work.leaseMs });
  const life = createLife({ services, queue, keeper, holds: createHoldKeeper({ services }) });
  shared?.listen(services.hub, keeper);
  life.onEnd(() => shared?.close());
  try {
    const server = await serve(parts, services, life);
    life.onEnd(() => traces?.close());
    return server;
  } catch (error) {
    await life.close();
    await spoolDisk?.close();
    throw error;
  }
}

function readSettings(file: string | undefined, env: NodeJS.ProcessEnv): Promise<Settings> {
  if (file === undefined) throw new AppError("settings:not_found");
  return loadSettings({ file, env });
}

interface Parts extends MaybeLate {
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

/** For a server that receives, and is not there for one command only. */
function openSpoolDisk(options: StartServerOptions, { server, dataDir }: Settings): Promise<Store> | null {
  const livesOn = options.receive !== false && options.recover !== false;
  if (server.spoolBytes === null || !livesOn) return null;
  return openStore({ kind: "sqlite", path: join(dataDir, "spool.db") });
}

/** Where webhooks may be kept meanwhile, the server does not wait for the store. */
function openStoreOrLater(
  { settings: { store: location, digest, text }, logger }: Pick<Parts, "settings" | "logger">,
  mayBeLate: boolean,
): Promise<MaybeLate> {
  if (!mayBeLate) return openNow(location);
  return openOrLater({
    async open() {
      const store = await openStore(location);
      // Before anything is stored that goes by them.
      await store.saveSettings({ digest, text, now: new Date().toISOString() });
      return store;
    },
    onLate: (error) =>
      logger.warn({ err: error }, "The store can't be reached yet: webhooks are kept here until it can"),
    onError: (error) => logger.error({ err: error }, "The store can't be opened"),
  });
}

const openNow = async (location: Settings["store"]): Promise<MaybeLate> => ({
  store: await openStore(location),
  opened: null,
});

async function serve(parts: Parts, services: Services, life: Life): Promise<RunningServer> {
  const { options, settings, logger, store, opened, place, meters } = parts;
  const { auditor } = services;
  const tokens = createTokens({ store, auditor });
  const users = createUsers({ store, auditor });
  const localDir = settings.dataDir;
  const introduce = async (): Promise<string> => {
    await services.settings.replace(services.settings.current());
    await services.takeOverAudit();
    return tokens.ensureLocalToken({ dir: localDir, name: localTokenName(settings) });
  };
  const localToken = opened === null ? await introduce() : "";
  const whereabouts = createWhereabouts({ dir: localDir, logger });
  const tls = await openTls({
    settings: () => services.settings.current(),
    logger,
    onChange: ({ certificate }) => void whereabouts.tell({ certificate }),
  });
  life.onEnd(() => tls?.stop());
  const readSettingsAgain = createReload(services, () => readAgain(parts));
  const reload: App["reloadSettings"] = async (actor) => {
    await readSettingsAgain(actor);
    await tls?.look();
  };
  const app = createApp({
    services,
    meters,
    receives: options.receive !== false,
    ready: () => life.checkReady(),
    checkOpen: () => life.checkOpen(),
    reloadSettings: reload,
  });
  const http = createHttpServer({
    app,
    settings: () => services.settings.current(),
    tokens,
    users,
    pairings: services.pairings,
    meters,
    sessions: createSessions({ store, auditor, tokens }),
    logger,
    auditor,
    way: options.recover === false ? "cli" : "api",
    tls,
  });
  life.onEnd(() => http.close());
  life.onEnd(() => services.spool?.stop());
  await services.spool?.start();
  const { url, api } = await http.listen(options.listen ?? settings.server);
  place.url = url;
  life.onEnd(() => whereabouts.forget());
  await whereabouts.tell({ url, api, certificate: tls?.current().certificate ?? null });
  if (opened === null) await takePart(parts, services, life);
  else void joinLate(parts, services, life, introduce);
  if (options.signals === true) listenToOutside(parts, life, reload);
  logger.info({ url, ...(api !== url && { api }), node: services.node }, "Serving");
  return { url, api, settings, localToken, close: () => life.close(), closed: life.closed };
}

/** Of the servers on the store, from now on. */
async function takePart({ options }: Parts, services: Services, life: Life): Promise<void> {
  await services.pairings.settle();
  await life.join();
  if (options.recover !== false) await recordStart(options, services);
  if (options.work !== false) {
    life.work();
    life.onEnd(keepRetention(services));
  }
  if (options.receive !== false && options.recover !== false) recover(services, life);
}

/** Settings may have been changed while no server ran; and a log with a gap should show where it is. */
function recordStart(options: StartServerOptions, { auditor, settings }: Services): Promise<void> {
  const details = { version: VERSION, settings: settings.current().digest };
  const target = `node:${identityOf(options).name}`;
  return auditor.done({ asker: SERVER, action: "server.start", target, details });
}

/** Once the store can be reached. Until then webhooks alone are taken. */
async function joinLate(
  parts: Parts,
  services: Services,
  life: Life,
  introduce: () => Promise<unknown>,
): Promise<void> {
  await parts.opened;
  try {
    await persist(async () => {
      life.checkOpen();
      await introduce();
      await takePart(parts, services, life);
    });
    parts.logger.info({ node: services.node }, "The store could be reached: this server takes part now");
  } catch (error) {
    if (error instanceof AppError && error.code === "server:draining") return;
    parts.logger.error({ err: error }, "This server can't take part; it only keeps webhooks");
  }
}

function recover(services: Services, life: Life): void {
  const recovery = createRecoveryLoop({ services, checkOpen: () => life.checkOpen() });
  life.onEnd(() => recovery.stop());
  recovery.start();
}

/** Servers that share a store have a token each. */
const localTokenName = ({ store, dataDir }: Settings): string =>
  store.kind === "sqlite" ? "local" : `local:${hostname()}:${dataDir}`;

function identityOf({
  name = hostname(),
  labels = [],
  receive = true,
  work = true,
}: StartServerOptions): NodeIdentity {
  const roles = NODE_ROLES.filter((role) => (role === "work" ? work : receive));
  return { name, roles, version: VERSION, labels: [...new Set([name, ...labels])] };
}

/**
 * What several servers on one PostgreSQL need beside the store; null for the embedded database, which must not pay for it:
 * its engine takes memory and time to load.
 */
async function shareStore({ settings: { store }, logger }: Parts): Promise<SharedStore | null> {
  const onError = (error: unknown): void => logger.warn({ err: error }, "A connection to PostgreSQL failed");
  if (store.kind === "sqlite") return null;
  const { createSharedStore } = await import("./storage/postgres/shared.ts");
  return createSharedStore({ url: store.url, onError });
}

interface QueueParts {
  readonly node: string;
  readonly labels: readonly string[];
  readonly concurrency: () => number;
  readonly isDoubtful: (since: number) => boolean;
  readonly pool: SharedStore["pool"] | undefined;
}

async function createQueue({ store, logger }: Parts, { pool, ...rest }: QueueParts): Promise<Queue> {
  const onError = (error: unknown): void => logger.error({ err: error }, "The queue failed");
  const options = { ...rest, store, onError };
  if (pool === undefined) return createEmbeddedQueue(options);
  const { createPostgresQueue } = await import("./queue/postgres.ts");
  return createPostgresQueue({ ...options, pool });
}

interface NodeParts {
  readonly queue: Queue;
  readonly node: string;
  readonly hub: Hub;
}

function createServices(parts: Parts, { queue, node, hub }: NodeParts): Services {
  const { store, settings, logger, env, spoolDisk, traces } = parts;
  const now = (): Date => new Date();
  const { file, dir } = settings;
  const clients = createGuardedClients(() => services.settings.current().outbound.allowCidrs, now);
  const { fetch, download, installationTokens, poster } = clients;
  const place = secretPlaceOf(settings.text, settings.dir);
  const secrets = openSecretStore({ ...place, env });
  const shared = settings.store.kind === "postgres";
  const pairings = createPairings({
    vault: shared ? createSharedVault({ store, secrets, logger, now }) : createMachineVault(secrets),
    fetch,
    logger,
    apiUrl: () => services.settings.current().github.apiUrl,
  });
  const auditor = createAuditor({ store, logger, now, tell: () => hub.notify(AUDIT) });
  const services: Services = {
    node,
    store,
    auditor,
    takeOverAudit: () =>
      secretChanges(place.file)
        .takeOver(auditor.takeOver)
        .catch((error: unknown) =>
          logger.error({ err: error }, "Changes of secrets could not be recorded yet"),
        ),
    queue,
    spool: spoolDisk === null ? null : spoolOf(spoolDisk, logger, () => services),
    logger,
    traces,
    now,
    settings: createSettingsHolder({
      store,
      now,
      initial: settings,
      parse: (text) => parseSettings({ text, file, dir, env }),
    }),
    hub,
    running: createRunningTasks(),
    refusals: createRefusals(store),
    refusalLog: createRefusalLog({ logger, now }),
    weights: createStepWeights({ store, now }),
    publishedKeys: createPublishedKeys({ fetch, now }),
    fetch,
    outbound: createOutbound(parts, { queue, node, poster, services: () => services }),
    download,
    installationTokens,
    pairings,
  };
  return services;
}

interface OutboundParts extends Pick<NodeParts, "queue" | "node">, Pick<GuardedClients, "poster"> {
  readonly services: () => Services;
}

function createOutbound(
  { store, logger, place, meters, traces }: Parts,
  { queue, node, poster, services }: OutboundParts,
): Outbound {
  const current = (): Settings => services().settings.current();
  return createSender({
    store,
    logger,
    node,
    shared: queue.shared,
    endpoints: () => current().notify,
    actionOf: (name) => {
      const { actions } = current();
      return Object.hasOwn(actions, name) ? (actions[name] ?? null) : null;
    },
    reporting: createReporting({
      rules: () => current().reports,
      store,
      fetch: (input, init) => services().fetch(input, init),
      tokenFor: (rules, request, signal) => createReportTokens(services())(rules, request, signal),
    }),
    publicUrl: () => current().server.publicUrl ?? place.url,
    poster,
    onAttempt: (endpoint, result) => meters.attempt(endpoint, result),
    traces,
  });
}

/** Settings that came from no file stay as they are. */
async function readAgain({ settings, env, options }: Parts): Promise<Settings> {
  return settings.file === null
    ? settings
    : checkHere(options, await loadSettings({ file: settings.file, env }));
}

/** Rejects `settings:invalid` where a task would have no account or sandbox on this machine. */
async function checkHere(options: StartServerOptions, settings: Settings): Promise<Settings> {
  if (options.work !== false) await checkConfinement(settings, identityOf(options).labels);
  return settings;
}

/** Signals, and changes of the settings file. */
function listenToOutside({ settings }: Parts, life: Life, reload: App["reloadSettings"]): void {
  // Both log what went wrong themselves, and tell who waits for the server's end.
  const tryReload = (): void => void reload(SERVER).catch(() => undefined);
  const stop = (): void => void life.close().catch(() => undefined);
  life.onEnd(onSignals({ SIGTERM: stop, SIGINT: stop, SIGHUP: tryReload }));
  const { file, text: known } = settings;
  if (file === null) return;
  life.onEnd(watchSettings({ file, known, onChange: tryReload }));
}
