import { hostname } from "node:os";
import { createWhereabouts } from "../accounts/local-address.ts";
import { createSessions } from "../accounts/sessions.ts";
import { createTokens } from "../accounts/tokens.ts";
import { createUsers } from "../accounts/users.ts";
import { SERVER } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { VERSION } from "../http/identity.ts";
import { openTls } from "../http/open-tls.ts";
import { createHttpServer } from "../http/server.ts";
import { onSignals } from "../lib/signals.ts";
import { loadSettings } from "../settings/load.ts";
import type { Settings } from "../settings/settings.ts";
import { watchSettings } from "../settings/watch.ts";
import type { App } from "../usecases/app.ts";
import { createApp } from "../usecases/create-app.ts";
import { keepRetention } from "../usecases/keep-retention.ts";
import type { Life } from "../usecases/life.ts";
import { persist } from "../usecases/persist.ts";
import { createRecoveryLoop } from "../usecases/recovery-loop.ts";
import { createReload } from "../usecases/reload-settings.ts";
import type { Services } from "../usecases/services.ts";
import { type Parts, type RunningServer, type StartServerOptions, checkHere, identityOf } from "./options.ts";
import { watchWanted } from "./stores.ts";

export async function serve(parts: Parts, services: Services, life: Life): Promise<RunningServer> {
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
  const isWanted = await watchWanted(options, settings);
  logger.info({ url, ...(api !== url && { api }), node: services.node }, "Serving");
  return { url, api, settings, localToken, isWanted, close: () => life.close(), closed: life.closed };
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

export function recover(services: Services, life: Life): void {
  const recovery = createRecoveryLoop({ services, checkOpen: () => life.checkOpen() });
  life.onEnd(() => recovery.stop());
  recovery.start();
}

/** Servers that share a store have a token each. */
const localTokenName = ({ store, dataDir }: Settings): string =>
  store.kind === "sqlite" ? "local" : `local:${hostname()}:${dataDir}`;

/** Settings that came from no file stay as they are. */
async function readAgain({ settings, env, options }: Parts): Promise<Settings> {
  return settings.file === null
    ? settings
    : checkHere(options, await loadSettings({ file: settings.file, env }));
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
