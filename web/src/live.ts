import type { LiveEvent } from "../../src/client/client.ts";
import { client, isLoggedOut } from "./api.ts";

/** The one stream that all pages live from. */

export type LiveState = "connecting" | "live" | "cut";
/** `resync`: something may have been missed; read everything again. */
export type News = Exclude<LiveEvent, { type: "ready" }> | { readonly type: "resync" };

/** A page that shows a task's log: where it is, and where its entries go. */
export interface LogWatch {
  readonly taskId: string;
  /** The last `seq` that it has; asked at each connection. */
  readonly after: () => number;
}

const RETRY_MS = 500;
const SLOWEST_RETRY_MS = 5_000;
/** A browser allows six connections to a server: tabs that nobody looks at give theirs back, and catch up later. */
const HIDDEN_MS = 60_000;

const newsListeners = new Set<(news: News) => void>();
const stateListeners = new Set<(state: LiveState) => void>();
let state: LiveState = "connecting";
let connection: AbortController | null = null;
let logWatch: LogWatch | null = null;
let running = false;

export const liveState = (): LiveState => state;

export function onNews(listener: (news: News) => void): () => void {
  newsListeners.add(listener);
  return () => void newsListeners.delete(listener);
}

export function onLiveState(listener: (state: LiveState) => void): () => void {
  stateListeners.add(listener);
  return () => void stateListeners.delete(listener);
}

/** Has the log of one task told too, until the function that it returns is called. */
export function watchLog(watch: LogWatch): () => void {
  logWatch = watch;
  reconnect();
  return () => {
    if (logWatch !== watch) return;
    logWatch = null;
    reconnect();
  };
}

/** Runs until `onLoggedOut` or the function that it returns is called. */
export function startLive(onLoggedOut: () => void): () => void {
  running = true;
  void connectForEver(onLoggedOut);
  addEventListener("offline", reconnect);
  addEventListener("online", reconnect);
  document.addEventListener("visibilitychange", onVisibility);
  return () => {
    running = false;
    removeEventListener("offline", reconnect);
    removeEventListener("online", reconnect);
    document.removeEventListener("visibilitychange", onVisibility);
    connection?.abort();
  };
}

let hiding: ReturnType<typeof setTimeout> | undefined;
let wake: (() => void) | null = null;

function onVisibility(): void {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(reconnect, HIDDEN_MS);
  else wake?.();
}

const reconnect = (): void => connection?.abort();

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const listener of stateListeners) listener(state);
}

function tell(news: News): void {
  for (const listener of newsListeners) listener(news);
}

async function connectForEver(onLoggedOut: () => void): Promise<void> {
  let pause = RETRY_MS;
  while (running) {
    const attempt = new AbortController();
    connection = attempt;
    try {
      await readOnce(attempt.signal, () => {
        pause = RETRY_MS;
      });
    } catch (error) {
      if (isLoggedOut(error)) return onLoggedOut();
    }
    if (document.hidden) await visible();
    // Ended on purpose: to be opened for another log, or after a change of the network.
    if (attempt.signal.aborted && navigator.onLine) continue;
    setState("cut");
    await rest(pause);
    pause = Math.min(SLOWEST_RETRY_MS, pause * 2);
  }
  return undefined;
}

async function readOnce(signal: AbortSignal, onReady: () => void): Promise<void> {
  const watch = logWatch;
  const log = watch === null ? {} : { log: watch.taskId, after: watch.after() };
  for await (const event of client.live({ signal, ...log })) {
    if (event.type !== "ready") {
      tell(event);
      continue;
    }
    onReady();
    setState("live");
    tell({ type: "resync" });
  }
}

const visible = (): Promise<void> =>
  new Promise((resolve) => {
    wake = () => {
      wake = null;
      resolve();
    };
    if (!document.hidden) wake();
  });

/** Ends early when the network is back, or somebody looks again. */
const rest = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    addEventListener("online", end);
  });
