// The process that starts commands for the server: see launcher.ts. It ends when the server does; what it started goes on.
import { type ChildProcess, spawn } from "node:child_process";
import { drain } from "./drain.ts";
import type { LauncherReply, LauncherRequest, OutputStream } from "./launcher-messages.ts";

type StartRequest = Extract<LauncherRequest, { type: "start" }>;

/** Those that have not ended. */
const running = new Map<number, ChildProcess>();

process.on("message", (request: LauncherRequest) => {
  if (request.type === "signal") killGroup(running.get(request.id), request.signal);
  else start(request);
});
process.on("disconnect", () => process.exit(0));

/** The server's own signals are the server's business: a Ctrl-C reaches the whole terminal. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

function start(request: StartRequest): void {
  const { id } = request;
  try {
    const child = spawnIn(request);
    if (child.pid === undefined) {
      child.once("error", (error) => sendFailure(id, error));
      return;
    }
    running.set(id, child);
    forward(id, child, "stdout");
    forward(id, child, "stderr");
    // A command that ends without reading all of its input is none of our business.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(request.input);
    child.once("exit", (exitCode, signal) => {
      running.delete(id);
      const { pid } = child;
      void drain(child).then(() => send({ type: "ended", id, exitCode, signal, outlived: aliveGroup(pid) }));
    });
  } catch (error) {
    sendFailure(id, error);
  }
}

/** In a session and process group of its own. */
function spawnIn({ argv, cwd, env, input }: StartRequest): ChildProcess {
  const [file = "", ...args] = argv;
  const stdin = input === undefined ? "ignore" : "pipe";
  return spawn(file, args, { cwd, env, detached: true, stdio: [stdin, "pipe", "pipe"] });
}

/** No faster than the server takes it: a command that prints without end must not fill this process's memory. */
function forward(id: number, child: ChildProcess, name: OutputStream): void {
  const stream = child[name];
  stream?.on("data", (chunk: Buffer) => {
    stream.pause();
    send({ type: "output", id, stream: name, chunk }, () => stream.resume());
  });
  // A pipe that breaks has nothing more to say; how the command ended says the rest.
  stream?.on("error", () => undefined);
}

function killGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** A group's number is not given out anew while it has a member. */
function aliveGroup(group: number | undefined): number | null {
  if (group === undefined) return null;
  try {
    process.kill(-group, 0);
    return group;
  } catch {
    return null;
  }
}

function sendFailure(id: number, error: unknown): void {
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  send({ type: "failed", id, code, message: error instanceof Error ? error.message : String(error) });
}

function send(reply: LauncherReply, sent: () => void = () => undefined): void {
  // An error here means that the server is gone; then `disconnect` ends this process too.
  process.send?.(reply, undefined, {}, sent);
}
