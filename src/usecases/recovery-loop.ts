import { createGithubHooks } from "../lib/github-hooks.ts";
import { createGitlabHooks } from "../lib/gitlab-hooks.ts";
import type { HookHistory } from "../lib/hook-history.ts";
import type { RecoveryHook, RecoverySettings } from "../settings/settings.ts";
import { recoverDeliveries } from "./recover-deliveries.ts";
import type { Services } from "./services.ts";

/** Asks the senders of all sources for what did not come in: at the start, and then as often as the settings say. */
export interface RecoveryLoop {
  start(): void;
  /** Begins the rounds that are due; resolves when they have ended. */
  tick(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** How often is looked whether a round is due, and whether other settings are in force. */
const TICK_MS = 1_000;

interface Hook {
  readonly history: HookHistory;
  /** Milliseconds; of `Services.now`. */
  dueAt: number;
  /** False until the first round. */
  looked: boolean;
  underWay: Promise<void> | null;
}

export interface RecoveryLoopOptions {
  readonly services: Services;
  /** Throws when the server takes no webhooks any more: what is asked for then would be refused. */
  readonly checkOpen: () => void;
}

export function createRecoveryLoop({ services, checkOpen }: RecoveryLoopOptions): RecoveryLoop {
  const { logger, now } = services;
  const stopped = new AbortController();
  const hooks = new Map<string, Hook>();
  let timer: NodeJS.Timeout | undefined;

  async function round(source: string, hook: Hook, { everyMs, attempts }: RecoverySettings): Promise<void> {
    hook.dueAt = now().getTime() + everyMs;
    const { history, looked } = hook;
    hook.looked = true;
    try {
      const { signal } = stopped;
      await recoverDeliveries(services, { source, history, everyMs, attempts, atOnce: !looked, signal });
    } catch (error) {
      logger.warn({ err: error, source }, "A round of recovery failed");
    } finally {
      hook.underWay = null;
    }
  }

  function hookFor(source: string, settings: RecoveryHook): Hook {
    const key = JSON.stringify([source, settings]);
    const hook = hooks.get(key) ?? {
      history: historyOf(services, settings),
      dueAt: 0,
      looked: false,
      underWay: null,
    };
    hooks.set(key, hook);
    return hook;
  }

  function isOpen(): boolean {
    try {
      checkOpen();
      return !stopped.signal.aborted;
    } catch {
      return false;
    }
  }

  async function tick(): Promise<void> {
    if (!isOpen()) return;
    const inForce = new Set<Hook>();
    const begun: Promise<void>[] = [];
    for (const [source, { recovery }] of Object.entries(services.settings.current().sources)) {
      for (const settings of recovery?.hooks ?? []) {
        const hook = hookFor(source, settings);
        inForce.add(hook);
        if (recovery === null || hook.underWay !== null || now().getTime() < hook.dueAt) continue;
        hook.underWay = round(source, hook, recovery);
        begun.push(hook.underWay);
      }
    }
    for (const [key, hook] of hooks) if (!inForce.has(hook) && hook.underWay === null) hooks.delete(key);
    await Promise.all(begun);
  }

  return {
    start() {
      timer = setInterval(() => void tick(), TICK_MS);
      void tick();
    },
    tick,
    async stop() {
      clearInterval(timer);
      stopped.abort(new Error("The server ended"));
      await Promise.all([...hooks.values()].map(({ underWay }) => underWay ?? Promise.resolve()));
    },
  };
}

const historyOf = ({ installationTokens }: Services, hook: RecoveryHook): HookHistory =>
  hook.type === "github" ? createGithubHooks(hook, installationTokens) : createGitlabHooks(hook);
