import { open, stat } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { appState } from "../../lib/supervise/control.ts";
import { awaitHealth } from "../common/health.ts";
import type { StepContext } from "../step.ts";
import { failure } from "./failure.ts";
import type { ReleaseOptions } from "./options.ts";

export interface AwaitInput {
  /** The app's folder. */
  readonly dir: string;
  readonly port: number;
  readonly health: ReleaseOptions["health"];
}

/** An app that ends so often before it is well never will be. */
const MAX_RESTARTS = 3;
const POLL_MS = 100;
const CONNECT_MS = 60_000;

/** Waits until an app that Hookwright keeps running is well; what it prints until then goes into the task's log. */
export async function awaitApp({ dir, port, health }: AwaitInput, context: StepContext): Promise<void> {
  const log = `${dir}/log/${port}.log`;
  const from = await sizeOf(log);
  const given = new AbortController();
  const signal = AbortSignal.any([context.signal, given.signal]);
  const watched = giveUp(dir, port, given);
  const wellContext = { ...context, signal };
  try {
    if (health === undefined) await untilOpen(port, wellContext);
    else await awaitHealth({ ...health, http: onPort(health.http, port) }, wellContext);
  } finally {
    given.abort();
    await watched;
    await showLog(log, from, context);
  }
}

const onPort = (http: string, port: number): string =>
  http.startsWith("/") ? `http://127.0.0.1:${port}${http}` : http;

/** Aborts with the reason when the app ends again and again. */
async function giveUp(dir: string, port: number, given: AbortController): Promise<void> {
  while (!given.signal.aborted) {
    const state = await appState(dir, port);
    if (state !== null && state.restarts >= MAX_RESTARTS) {
      given.abort(failure(`The app ended ${state.restarts} times (${state.lastExit ?? "unknown"})`));
    }
    await sleep(POLL_MS, undefined, { signal: given.signal }).catch(() => undefined);
  }
}

/** Without a health check: somebody takes connections there. */
async function untilOpen(port: number, { signal }: StepContext): Promise<void> {
  const deadline = Date.now() + CONNECT_MS;
  while (!(await isOpen(port))) {
    signal.throwIfAborted();
    if (Date.now() > deadline) throw failure(`Nobody takes connections on port ${port} within 60s`);
    await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

const SHOWN_BYTES = 16 * 1024;

async function showLog(file: string, from: number, { log }: StepContext): Promise<void> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(SHOWN_BYTES), 0, SHOWN_BYTES, from);
    const text = buffer.subarray(0, bytesRead).toString("utf8").trimEnd();
    for (const line of text === "" ? [] : text.split("\n")) log(`app: ${line}`);
    if (bytesRead === SHOWN_BYTES) log(`app: … the rest is in ${file}`);
  } finally {
    await handle.close();
  }
}
