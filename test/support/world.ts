import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { nodeId } from "../../src/domain/node.ts";
import type { Task } from "../../src/domain/task.ts";
import { isEnded } from "../../src/domain/task-machine.ts";
import { newId } from "../../src/lib/ids.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { createGuardedClients } from "../../src/lib/guarded-clients.ts";
import { createReporting } from "../../src/outbound/reports/reporting.ts";
import { createSender } from "../../src/outbound/sender.ts";
import { createTellingStore } from "../../src/outbound/telling-store.ts";
import { createEmbeddedQueue } from "../../src/queue/embedded.ts";
import { createPostgresQueue } from "../../src/queue/postgres.ts";
import type { Queue } from "../../src/queue/queue.ts";
import { createMachineVault } from "../../src/accounts/pairing-vault.ts";
import { createPairings } from "../../src/accounts/pairings.ts";
import { openSecretStore, secretPlaceOf } from "../../src/settings/secret-store.ts";
import { parseSettings } from "../../src/settings/load.ts";
import { createAuditor } from "../../src/storage/auditor.ts";
import { openStore } from "../../src/storage/open.ts";
import { createSharedStore } from "../../src/storage/postgres/shared.ts";
import type { Store } from "../../src/storage/store.ts";
import type { App } from "../../src/usecases/app.ts";
import { createApp } from "../../src/usecases/create-app.ts";
import { createHoldKeeper, type HoldKeeper } from "../../src/usecases/hold-keeper.ts";
import { createHub } from "../../src/usecases/hub.ts";
import { recoverTask, recoverTasks } from "../../src/usecases/recover-tasks.ts";
import { createMeters, type Meters } from "../../src/usecases/meters.ts";
import { createPublishedKeys } from "../../src/usecases/published-keys.ts";
import { createRefusals } from "../../src/usecases/refusals.ts";
import { runTask } from "../../src/usecases/run-task.ts";
import { createReportTokens } from "../../src/usecases/report-token.ts";
import { createRunningTasks } from "../../src/usecases/running-tasks.ts";
import type { Services } from "../../src/usecases/services.ts";
import { createSettingsHolder } from "../../src/usecases/settings-holder.ts";
import { createStepWeights } from "../../src/usecases/step-weights.ts";
import type { Traces } from "../../src/usecases/traces.ts";
import { storeIn } from "./test-store.ts";

/** The use cases on a real store, with real commands, without HTTP. */
export interface World {
  readonly dir: string;
  readonly app: App;
  readonly services: Services;
  readonly queue: Queue;
  readonly holds: HoldKeeper;
  /** Off until they are started. */
  readonly meters: Meters;
  /** Begins to hand out tasks. */
  work(): void;
  recover(): Promise<number>;
  drain(timeoutMs: number): Promise<boolean>;
  /** Puts other settings in force. */
  configure(text: string): Promise<void>;
  ended(id: string): Promise<Task>;
  reached(id: string, state: Task["state"]): Promise<Task>;
  /** Every line of a task's log, in order. */
  lines(id: string): Promise<string[]>;
  /** Leaves the store as a killed process would: nothing is ended or undone. */
  abandon(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly settings: string;
  readonly dir?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly now?: () => Date;
  /** Of the machine; default: one of its own. */
  readonly name?: string;
  readonly store?: (store: Store) => Store;
  readonly traces?: Traces;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { env = {}, now = () => new Date() } = options;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "hookwright-")));
  const parse = (text: string) => parseSettings({ text, file: join(dir, "hookwright.yaml"), dir, env });
  const initial = parse(options.settings);
  const { location, remove } = await storeIn(dir, initial.store);
  const opened = await openStore(location);
  const store = createTellingStore(options.store?.(opened) ?? opened, {
    wake: () => services.outbound.wake(),
  });
  const logger = createLogger({ level: "silent" });
  const node = options.name === undefined ? newId() : nodeId(options.name, newId());
  const onError = (): undefined => undefined;
  const shared = location.kind === "postgres" ? createSharedStore({ url: location.url, onError }) : null;
  const queueOptions = {
    store,
    node,
    labels: [],
    isDoubtful: () => false,
    concurrency: () => services.settings.current().work.concurrency,
    pollMs: 50,
    onError,
  };
  const queue =
    shared === null
      ? createEmbeddedQueue(queueOptions)
      : createPostgresQueue({ ...queueOptions, pool: shared.pool });
  const clients = createGuardedClients(() => ["127.0.0.0/8"], now);
  const { fetch, download, installationTokens } = clients;
  const services: Services = {
    node,
    store,
    auditor: createAuditor({ store, logger, now }),
    takeOverAudit: async () => undefined,
    queue,
    spool: null,
    logger,
    traces: options.traces ?? null,
    now,
    settings: createSettingsHolder({ store, initial, parse, now }),
    hub: createHub(),
    running: createRunningTasks(),
    refusals: createRefusals(store),
    refusalLog: () => undefined,
    weights: createStepWeights({ store, now }),
    publishedKeys: createPublishedKeys({ fetch, now }),
    fetch,
    outbound: createSender({
      store,
      logger,
      node,
      now,
      shared: location.kind === "postgres",
      endpoints: () => services.settings.current().notify,
      actionOf: (name) => services.settings.current().actions[name] ?? null,
      reporting: createReporting({
        rules: () => services.settings.current().reports,
        store,
        fetch,
        tokenFor: (rules, request, signal) => createReportTokens(services)(rules, request, signal),
      }),
      publicUrl: () => "https://hooks.example.com",
      poster: clients.poster,
      pollMs: 50,
    }),
    pairings: createPairings({
      vault: createMachineVault(openSecretStore({ ...secretPlaceOf(options.settings, dir), env })),
      fetch,
      logger,
      apiUrl: () => services.settings.current().github.apiUrl,
    }),
    download,
    installationTokens,
  };
  await services.settings.replace(initial);
  const holds = createHoldKeeper({ services, pollMs: 50 });
  const meters = createMeters({
    settings: () => services.settings.current(),
    version: "0.0.0",
    queueStats: () => store.queueStats(),
    running: () => queue.running,
  });
  const app = createApp({
    services,
    meters,
    receives: true,
    ready: () => store.ping(),
    checkOpen: () => undefined,
    reloadSettings: async () => undefined,
  });

  async function reached(id: string, test: (task: Task) => boolean): Promise<Task> {
    return vi.waitFor(
      async () => {
        const task = await app.getTask(id);
        if (!test(task)) throw new Error(`task is ${task.state} (${task.reason ?? "no reason"})`);
        return task;
      },
      { timeout: 30_000, interval: 10 },
    );
  }

  async function lines(id: string): Promise<string[]> {
    const entries = await app.listLog({ taskId: id, after: 0, limit: 10_000 });
    return entries.map(({ text }) => text);
  }

  return {
    dir,
    app,
    services,
    queue,
    holds,
    meters,
    work() {
      holds.start();
      services.outbound.start();
      queue.start({
        run: (claimed) => runTask(services, claimed),
        recover: (claimed, loss) => recoverTask(services, claimed, loss),
      });
    },
    recover: () => recoverTasks(services),
    drain: (timeoutMs) => queue.drain(timeoutMs),
    configure: (text) => services.settings.replace(parse(text)),
    ended: (id) => reached(id, ({ state }) => isEnded(state)),
    reached: (id, state) => reached(id, (task) => task.state === state),
    lines,
    async abandon() {
      holds.stop();
      queue.stop();
      await shared?.close();
      await opened.close();
      // Its store is gone: it can give nothing back.
      await services.outbound.stop(0);
    },
    async close() {
      holds.stop();
      queue.stop();
      services.running.shutDown();
      await queue.drain(30_000);
      await services.outbound.stop(0);
      await shared?.close();
      await opened.close();
      await remove();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
