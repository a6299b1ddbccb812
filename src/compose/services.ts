import { createMachineVault, createSharedVault } from "../accounts/pairing-vault.ts";
import { createPairings } from "../accounts/pairings.ts";
import { type GuardedClients, createGuardedClients } from "../lib/guarded-clients.ts";
import type { Outbound } from "../outbound/outbound.ts";
import { createReporting } from "../outbound/reports/reporting.ts";
import { createSender } from "../outbound/sender.ts";
import type { Queue } from "../queue/queue.ts";
import { parseSettings } from "../settings/load.ts";
import { secretChanges } from "../settings/secret-changes.ts";
import { openSecretStore, secretPlaceOf } from "../settings/secret-store.ts";
import type { Settings } from "../settings/settings.ts";
import { createAuditor } from "../storage/auditor.ts";
import { AUDIT, type Hub } from "../usecases/hub.ts";
import { createPublishedKeys } from "../usecases/published-keys.ts";
import { createRefusalLog } from "../usecases/refusal-log.ts";
import { createRefusals } from "../usecases/refusals.ts";
import { createReportTokens } from "../usecases/report-token.ts";
import { createRunningTasks } from "../usecases/running-tasks.ts";
import type { Services } from "../usecases/services.ts";
import { createSettingsHolder } from "../usecases/settings-holder.ts";
import { spoolOf } from "../usecases/spool-of.ts";
import { createStepWeights } from "../usecases/step-weights.ts";
import type { Parts } from "./options.ts";

interface NodeParts {
  readonly queue: Queue;
  readonly node: string;
  readonly hub: Hub;
}

export function createServices(parts: Parts, { queue, node, hub }: NodeParts): Services {
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
