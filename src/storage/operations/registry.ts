import type { Connection } from "../connection.ts";
import type { Store } from "../store.ts";
import * as audit from "./audit.ts";
import * as tasks from "./change-tasks.ts";
import * as queue from "./claim-tasks.ts";
import * as nodes from "./nodes.ts";
import { takeTask } from "./take-task.ts";
import * as counters from "./counters.ts";
import * as deliveries from "./deliveries.ts";
import * as deploys from "./deploys.ts";
import * as forges from "./forge-deployments.ts";
import * as health from "./health.ts";
import * as holds from "./holds.ts";
import * as queued from "./queued-deliveries.ts";
import * as log from "./log.ts";
import * as pruning from "./prune.ts";
import { listAudit } from "./list-audit.ts";
import { claimMessages } from "./claim-messages.ts";
import * as endpoints from "./endpoints.ts";
import * as messageReads from "./read-messages.ts";
import * as messageRetries from "./retry-messages.ts";
import * as messages from "./post-messages.ts";
import * as notices from "./pending-notices.ts";
import * as settling from "./settle-messages.ts";
import * as pairings from "./pairings.ts";
import { purgeLog } from "./purge-log.ts";
import * as taskReads from "./read-tasks.ts";
import * as releases from "./releases.ts";
import * as recovery from "./recovery.ts";
import * as sessions from "./sessions.ts";
import * as settings from "./settings.ts";
import { queueStats } from "./queue-stats.ts";
import * as stats from "./stats.ts";
import * as steps from "./steps.ts";
import * as tokens from "./tokens.ts";
import * as users from "./users.ts";

/** The store's calls, all but those that concern the database as a whole. */
export type OperationName = Exclude<keyof Store, "close">;

/** Bytes lose their class between threads. */
type Raw<R> = R extends Buffer | null ? Uint8Array | null : R;

export type Operation<N extends OperationName> = (
  connection: Connection,
  ...args: Parameters<Store[N]>
) => Promise<Raw<Awaited<ReturnType<Store[N]>>>>;

/** One function per call, for every database; each runs in a transaction that its caller opens and ends. */
export const operations: { readonly [N in OperationName]: Operation<N> } = {
  storeDelivery: deliveries.storeDelivery,
  getDelivery: deliveries.getDelivery,
  getDeliveryBody: deliveries.getDeliveryBody,
  listDeliveries: deliveries.listDeliveries,
  nextDelivery: queued.nextDelivery,
  removeDelivery: queued.removeDelivery,
  deliveryTotals: queued.deliveryTotals,
  tasksOfDelivery: deliveries.tasksOfDelivery,
  healthApps: health.healthApps,
  healthHistory: health.healthHistory,
  healthEntryOf: health.healthEntryOf,
  createTask: tasks.createTask,
  dueTasks: holds.dueTasks,
  heldTasks: holds.heldTasks,
  settleHold: holds.settleHold,
  transition: tasks.transition,
  setProgress: tasks.setProgress,
  setMetadata: tasks.setMetadata,
  getTask: taskReads.getTask,
  getTaskByNumber: taskReads.getTaskByNumber,
  listTasks: taskReads.listTasks,
  claimTasks: queue.claimTasks,
  takeTask,
  orphanedTasks: queue.orphanedTasks,
  adoptTask: queue.adoptTask,
  heartbeat: nodes.heartbeat,
  leaveNode: nodes.leaveNode,
  listNodes: nodes.listNodes,
  handOn: nodes.handOn,
  putStep: steps.putStep,
  stepDurations: steps.stepDurations,
  appendLog: log.appendLog,
  listLog: log.listLog,
  purgeLog,
  putRelease: releases.putRelease,
  listReleases: releases.listReleases,
  beginRecovery: recovery.beginRecovery,
  acceptedAmong: recovery.acceptedAmong,
  noteMissed: recovery.noteMissed,
  dueMissed: recovery.dueMissed,
  noteAsking: recovery.noteAsking,
  noteRefusal: recovery.noteRefusal,
  endRecovery: recovery.endRecovery,
  recoveryStates: recovery.recoveryStates,
  prune: pruning.prune,
  fitBodies: pruning.fitBodies,
  freeBodies: pruning.freeBodies,
  pendingNotices: notices.pendingNotices,
  incidents: messages.incidents,
  postMessages: messages.postMessages,
  claimMessages,
  settleMessages: settling.settleMessages,
  releaseMessages: settling.releaseMessages,
  listMessages: messageReads.listMessages,
  getMessage: messageReads.getMessage,
  retryMessage: messageRetries.retryMessage,
  retryDeadMessages: messageRetries.retryDeadMessages,
  endpointRecords: messageReads.endpointRecords,
  enableEndpoint: endpoints.enableEndpoint,
  pruneMessages: settling.pruneMessages,
  count: counters.count,
  counters: counters.counters,
  saveSettings: settings.saveSettings,
  getSettings: settings.getSettings,
  createToken: tokens.createToken,
  findToken: tokens.findToken,
  listTokens: tokens.listTokens,
  touchToken: tokens.touchToken,
  revokeToken: tokens.revokeToken,
  createSession: sessions.createSession,
  findSession: sessions.findSession,
  findUserSession: sessions.findUserSession,
  endSession: sessions.endSession,
  lastTaskOf: taskReads.lastTaskOf,
  taskStats: stats.taskStats,
  sourceStats: stats.sourceStats,
  queueStats,
  settleDeploys: deploys.settleDeploys,
  listDeployEntries: deploys.listDeployEntries,
  createUser: users.createUser,
  changeUser: users.changeUser,
  getUser: users.getUser,
  listUsers: users.listUsers,
  createUserToken: users.createUserToken,
  findUserToken: users.findUserToken,
  listUserTokens: users.listUserTokens,
  revokeUserToken: users.revokeUserToken,
  recorded: (connection, input) =>
    audit.recorded(connection, input, () => invoke(input.call, connection, input.args)),
  recordAudit: audit.recordAudit,
  listAudit,
  forgeDeployments: forges.forgeDeployments,
  putForgeDeployment: forges.putForgeDeployment,
  getPairing: pairings.getPairing,
  putPairing: pairings.putPairing,
  listPairings: pairings.listPairings,
  replacePairing: pairings.replacePairing,
  ping: async (connection) => {
    await connection.execute("select 1", []);
  },
};

const READS: ReadonlySet<OperationName> = new Set<OperationName>([
  "getDelivery",
  "getDeliveryBody",
  "listDeliveries",
  "nextDelivery",
  "deliveryTotals",
  "tasksOfDelivery",
  "healthApps",
  "healthHistory",
  "healthEntryOf",
  "getTask",
  "getTaskByNumber",
  "listTasks",
  "dueTasks",
  "heldTasks",
  "orphanedTasks",
  "listNodes",
  "stepDurations",
  "listLog",
  "listReleases",
  "acceptedAmong",
  "dueMissed",
  "recoveryStates",
  "fitBodies",
  "pendingNotices",
  "incidents",
  "forgeDeployments",
  "getPairing",
  "listPairings",
  "listMessages",
  "getMessage",
  "endpointRecords",
  "counters",
  "getSettings",
  "findToken",
  "listTokens",
  "findSession",
  "findUserSession",
  "lastTaskOf",
  "taskStats",
  "sourceStats",
  "queueStats",
  "listDeployEntries",
  "getUser",
  "listUsers",
  "findUserToken",
  "listUserTokens",
  "listAudit",
  "ping",
]);

/** Whether the call writes nothing. */
export const isRead = (name: OperationName): boolean => READS.has(name);

/** Runs an operation by its name. */
export function invoke(
  name: OperationName,
  connection: Connection,
  args: readonly unknown[],
): Promise<unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by the compiler where the call was made
  const operation = operations[name] as (...all: readonly unknown[]) => Promise<unknown>;
  return operation(connection, ...args);
}
