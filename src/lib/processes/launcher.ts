import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type {
  LaunchedEnd,
  LauncherReply,
  LauncherRequest,
  LaunchOptions,
  OutputStream,
} from "./launcher-messages.ts";
import { LAUNCHER_OF, ownIdentity } from "./orphaned-launchers.ts";
import { siblingModule } from "../sibling-module.ts";

export type { LaunchOptions, OutputStream };

/** A command under way. */
export interface Launched {
  /** Resolves when it has ended and its output has been given out. Rejects when it could not be started. */
  readonly ended: Promise<LaunchedEnd>;
  /** Signals its process group, unless it has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

export type OnOutput = (stream: OutputStream, chunk: Buffer) => void;

interface Command {
  readonly onOutput: OnOutput;
  readonly end: PromiseWithResolvers<LaunchedEnd>;
}

/**
 * Starts commands through a small process of its own. Starting a process copies the page tables of the one that starts it, and
 * stops that one meanwhile: 4 ms for a server of 170 MB, 1.3 ms for the launcher; and the server goes on answering.
 */
interface Launcher {
  start(options: LaunchOptions, onOutput: OnOutput): Launched;
}

const FILE = fileURLToPath(siblingModule("launcher-process", import.meta.url));

function createLauncher(onGone: () => void): Launcher {
  const commands = new Map<number, Command>();
  let lastId = 0;
  const child = fork(FILE, {
    // Nothing of the server's environment, but the cache that spares it compiling.
    env: { ...pick(process.env, "NODE_COMPILE_CACHE"), [LAUNCHER_OF]: ownIdentity() },
    execArgv: ["--max-semi-space-size=1"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  hold(child, false);
  child.on("message", (reply: LauncherReply) => take(reply));
  child.on("error", gone);
  child.on("exit", gone);

  function gone(): void {
    onGone();
    for (const { end } of commands.values()) {
      end.reject(new Error("the process that starts commands is gone; how this one ended is not known"));
    }
    commands.clear();
  }

  function take(reply: LauncherReply): void {
    const command = commands.get(reply.id);
    if (command === undefined) return;
    if (reply.type === "output") return command.onOutput(reply.stream, Buffer.from(reply.chunk));
    commands.delete(reply.id);
    if (commands.size === 0) hold(child, false);
    if (reply.type === "ended") return command.end.resolve(reply);
    const { code, message } = reply;
    return command.end.reject(Object.assign(new Error(message), { code }));
  }

  const send = (request: LauncherRequest): void => {
    // A launcher that is gone is told by its `exit`.
    if (child.connected) child.send(request, () => undefined);
  };

  return {
    start(options, onOutput) {
      lastId += 1;
      const id = lastId;
      const end: Command["end"] = Promise.withResolvers();
      commands.set(id, { onOutput, end });
      hold(child, true);
      send({ type: "start", id, ...options });
      return { ended: end.promise, kill: (signal) => send({ type: "signal", id, signal }) };
    },
  };
}

/** Only a command under way keeps this process alive. */
function hold(child: ChildProcess, alive: boolean): void {
  if (alive) child.ref();
  else child.unref();
  if (alive) child.channel?.ref();
  else child.channel?.unref();
}

function pick(env: NodeJS.ProcessEnv, name: string): Record<string, string> {
  const value = env[name];
  return value === undefined ? {} : { [name]: value };
}

let current: Launcher | null = null;

/** One for this process; another when it has died. */
function launcher(): Launcher {
  current ??= createLauncher(() => {
    current = null;
  });
  return current;
}

/** Starts a command: the way to start any, see Launcher. */
export const launch = (options: LaunchOptions, onOutput: OnOutput): Launched =>
  launcher().start(options, onOutput);

/** Makes the launcher now, so that the first command need not wait for it. */
export const prepareLauncher = (): void => void launcher();
