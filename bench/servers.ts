import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** The secret of every server here. */
export const SECRET = "bench-secret-0123456789abcdef";

const HERE = import.meta.dirname;
const WEBHOOK = "/usr/bin/webhook";
const STOP_MS = 30_000;

/** A server as a process of its own. */
export interface Running {
  /** Where it takes pushes. */
  readonly url: string;
  readonly origin: string;
  readonly pid: number;
  /** From the start of the process to the first answer, in milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** How to start one; `dir` is an empty folder for its files. */
export interface Peer {
  readonly name: string;
  start(dir: string): Promise<Running>;
}

/** Debian's `webhook` package (adnanh/webhook). */
export const hasWebhook = (): boolean => existsSync(WEBHOOK);

export const bare: Peer = { name: "node:http, bare", start: () => startScript("peers/bare.ts") };

export const hmacJson: Peer = {
  name: "node:http + HMAC + JSON.parse",
  start: () => startScript("peers/hmac-json.ts"),
};

export const hmacJsonFsync: Peer = {
  name: "node:http + HMAC + JSON.parse, body appended to a file, one fsync for all that wait",
  async start(dir) {
    mkdirSync(dir, { recursive: true });
    return startScript("peers/hmac-json-fsync.ts", { DIR: dir });
  },
};

export interface OctokitOptions {
  /** Started for each push; empty: nothing is. */
  readonly command: readonly string[];
  /** The commit is the command's last argument. */
  readonly passesCommit?: boolean;
  /** A file that what it prints is appended to. */
  readonly output?: string;
}

/** The middleware of @octokit/webhooks, GitHub's own library. */
export const octokit = ({ command, output = "", passesCommit = false }: OctokitOptions): Peer => ({
  name: "@octokit/webhooks",
  start: () =>
    startScript("peers/octokit.ts", {
      COMMAND: JSON.stringify(command),
      OUTPUT: output,
      PASSES_COMMIT: String(passesCommit),
    }),
});

async function startScript(file: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const port = await freePort();
  return launch({
    argv: [process.execPath, join(HERE, file)],
    env: { PORT: String(port), SECRET, ...env },
    port,
    path: "/hooks/app",
  });
}

export interface HookwrightOptions {
  /** The settings' `actions`, as YAML. */
  readonly actions: string;
  readonly concurrency?: number;
  /** False: it receives and runs nothing. */
  readonly work?: boolean;
}

/** The real server, by its own command; one that only receives by bench/receiver.ts. */
export const hookwright = ({ actions, concurrency = 4, work = true }: HookwrightOptions): Peer => ({
  name: "hookwright",
  async start(dir) {
    const port = await freePort();
    const settings = join(dir, "hookwright.yaml");
    mkdirSync(dir, { recursive: true });
    writeFileSync(settings, settingsText({ port, actions, concurrency }), { mode: 0o600 });
    const argv = work
      ? [join(HERE, "../bin/hookwright.js"), "serve", "--settings", settings]
      : [join(HERE, "receiver.ts"), settings];
    return launch({
      argv: [process.execPath, ...NODE_FLAGS, ...argv],
      env: { NODE_COMPILE_CACHE: CACHE, ...ENV },
      port,
      path: "/hooks/app",
    });
  },
});

/** As package.json's scripts start it. */
const NODE_FLAGS = ["--max-semi-space-size=4"];
const ENV = { MALLOC_ARENA_MAX: "2" };
/** As bin/hookwright.js has it. */
const CACHE = join(HERE, "../node_modules/.cache/hookwright");

const settingsText = (given: { port: number; actions: string; concurrency: number }): string => `
server: { listen: "127.0.0.1:${given.port}" }
store: sqlite:./data/hookwright.db
work: { concurrency: ${given.concurrency} }
sources:
  app: { kind: github, secrets: ["${SECRET}"] }
actions:
${given.actions}`;

export interface WebhookOptions {
  readonly command: readonly [string, ...string[]];
  /** False: the signature is checked and another rule is not met, so nothing runs. */
  readonly fires: boolean;
  /** Answer with what the command prints. */
  readonly answersOutput?: boolean;
  /** The commit is the command's last argument. */
  readonly passesCommit?: boolean;
}

/** adnanh/webhook with a rule for GitHub's signature. */
export const webhook = ({
  command,
  fires,
  answersOutput = false,
  passesCommit = false,
}: WebhookOptions): Peer => ({
  name: "webhook (adnanh)",
  async start(dir) {
    mkdirSync(dir, { recursive: true });
    const port = await freePort();
    const [file, ...args] = command;
    const hooks = [
      {
        id: "app",
        "execute-command": file,
        "pass-arguments-to-command": [
          ...args.map((name) => ({ source: "string", name })),
          ...(passesCommit ? [COMMIT] : []),
        ],
        "include-command-output-in-response": answersOutput,
        "trigger-rule": { and: fires ? [SIGNED] : [SIGNED, NEVER] },
      },
    ];
    const path = join(dir, "hooks.json");
    writeFileSync(path, JSON.stringify(hooks));
    const argv = [WEBHOOK, "-hooks", path, "-ip", "127.0.0.1", "-port", String(port)];
    return launch({ argv, env: {}, port, path: "/hooks/app" });
  },
});

const SIGNED = {
  match: {
    type: "payload-hmac-sha256",
    secret: SECRET,
    parameter: { source: "header", name: "X-Hub-Signature-256" },
  },
};
const COMMIT = { source: "payload", name: "head_commit.id" };
const NEVER = {
  match: { type: "value", value: "refs/heads/another", parameter: { source: "payload", name: "ref" } },
};

interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly path: string;
}

async function launch({ argv, env, port, path }: Launch): Promise<Running> {
  const [file = "", ...args] = argv;
  const began = performance.now();
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const origin = `http://127.0.0.1:${port}`;
  await answering(origin, child);
  return {
    url: origin + path,
    origin,
    pid: child.pid ?? 0,
    startMs: performance.now() - began,
    stop: () => end(child, "SIGTERM"),
    kill: () => end(child, "SIGKILL"),
  };
}

async function answering(origin: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode} before it answered`);
    const answer = await fetch(origin, { method: "GET" }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer !== null) return;
    await delay(5);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(killer);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
