import type { Settings } from "../settings/settings.ts";
import type { App } from "./app.ts";
import { deploy } from "./deploy.ts";
import { deployDoc, listDeployEntries } from "./deploy-entries.ts";
import { actionChanges } from "./action-changes.ts";
import { approveTask } from "./approve-task.ts";
import { cancelTask } from "./cancel-task.ts";
import { enableEndpoint, listEndpoints, retryDeadMessages, retryMessage, testEndpoint } from "./endpoints.ts";
import { explainDelivery } from "./explain-delivery.ts";
import { meteredReceive } from "./metered-receive.ts";
import type { Meters } from "./meters.ts";
import { jobservBuild } from "./jobserv-build.ts";
import { listSources } from "./list-sources.ts";
import { checkReady } from "./check-ready.ts";
import { pruneAsked } from "./prune.ts";
import { purgeLog } from "./purge-log.ts";
import { listActions, sourceAt } from "./read-settings.ts";
import { getDelivery, getDeliveryBody } from "./read-deliveries.ts";
import { getTask, listLog } from "./read-tasks.ts";
import { listRevisions } from "./list-revisions.ts";
import { reachOf } from "./reach-of.ts";
import { receiveDelivery, refuse } from "./receive-delivery.ts";
import { replayDelivery } from "./replay-delivery.ts";
import { rollBackRevision } from "./roll-back-revision.ts";
import { retryTask } from "./retry-task.ts";
import { rollBackApp } from "./roll-back-app.ts";
import type { Services } from "./services.ts";
import { planAction, startAction } from "./start-action.ts";
import { createStats } from "./stats.ts";

export interface CreateAppOptions {
  readonly services: Services;
  readonly meters: Meters;
  /** False: this node takes no webhooks. */
  readonly receives: boolean;
  /** Rejects when the process can't take on work. */
  readonly ready: () => Promise<void>;
  /** Throws where nothing new may be started: the server is shutting down. */
  readonly checkOpen: () => void;
  readonly reloadSettings: App["reloadSettings"];
}

/** Binds the use cases to their services. */
export function createApp(options: CreateAppOptions): App {
  const { services, meters, receives, ready, checkOpen, reloadSettings } = options;
  const { store, hub, refusals } = services;
  const stats = createStats(services);
  const settings = (): Settings => services.settings.current();
  const whenOpen =
    <I, R>(start: (services: Services, input: I) => Promise<R>) =>
    async (input: I): Promise<R> => {
      checkOpen();
      return start(services, input);
    };
  return {
    receiveDelivery: meteredReceive(whenOpen(receiveDelivery), meters),
    noteRefusal(refusal) {
      refuse(services, refusal);
      if (Object.hasOwn(settings().sources, refusal.source)) meters.delivery(refusal.source, "refused", null);
    },
    findSource: (path) => (receives ? sourceAt(settings(), path) : null),
    startAction: whenOpen(startAction),
    planAction: (input) => planAction(services, input),
    approveTask: (input) => approveTask(services, input),
    cancelTask: (input) => cancelTask(services, input),
    retryTask: whenOpen(retryTask),
    replayDelivery: whenOpen(replayDelivery),
    listRevisions: (filter) => listRevisions(services, filter),
    rollBackRevision: whenOpen(rollBackRevision),
    explainDelivery: (id) => explainDelivery(services, id),
    deploy: whenOpen(deploy),
    listDeployEntries: (filter) => listDeployEntries(services, filter),
    deployDoc: (entry) => deployDoc(services, entry),
    reachOf: (user) => reachOf(settings(), user),
    deploys: () => receives && settings().deployApps.length > 0,
    rollBackApp: whenOpen(rollBackApp),
    listReleases: (filter) => store.listReleases(filter),
    getTask: (id) => getTask(services, id),
    listTasks: (filter) => store.listTasks(filter),
    listLog: (input) => listLog(services, input),
    purgeLog: (input) => purgeLog(services, input),
    watchTask: (id, onChange) => hub.watch(id, onChange),
    getDelivery: (id) => getDelivery(store, id),
    getDeliveryBody: (id) => getDeliveryBody(store, id),
    listDeliveries: (filter) => store.listDeliveries(filter),
    listEndpoints: () => listEndpoints(services),
    testEndpoint: (input) => testEndpoint(services, input),
    enableEndpoint: (input) => enableEndpoint(services, input),
    listMessages: (filter) => store.listMessages(filter),
    retryMessage: (input) => retryMessage(services, input),
    retryDeadMessages: (input) => retryDeadMessages(services, input),
    jobservBuild: (input) => jobservBuild(services, input),
    watchAll: (onChange) => hub.watchAll(onChange),
    actionChanges: (name) => actionChanges(services, name),
    taskStats: (days) => stats.tasks(days),
    sourceStats: () => stats.sources(),
    listNodes: () => store.listNodes(),
    listActions: () => listActions(settings()),
    listSources: () => listSources(services),
    async counters() {
      await refusals.flush();
      return store.counters();
    },
    prune: whenOpen(pruneAsked),
    async listAudit(filter) {
      await services.takeOverAudit();
      return store.listAudit(filter);
    },
    ready: () => checkReady(services, ready),
    reloadSettings,
  };
}
