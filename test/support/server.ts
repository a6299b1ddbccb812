import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { createClient, type Client } from "../../src/client/client.ts";
import type { TaskWire } from "../../src/client/schemas.ts";
import { isEnded } from "../../src/domain/task-machine.ts";
import { createLogger, type Logger } from "../../src/lib/logger.ts";
import { startServer, type RunningServer } from "../../src/main.ts";
import { parseSettings } from "../../src/settings/load.ts";
import { githubPush, type PushOptions } from "./push.ts";
import { connectRaw, type RawConnection, type RawOptions } from "./raw-http.ts";
import { storeIn } from "./test-store.ts";

/** The whole real server on a free port of 127.0.0.1, in a folder of its own. */
export interface TestServer {
  readonly url: string;
  /** Holds the settings' relative paths: `data/hookwright.db`, `data/work`. */
  readonly dir: string;
  /** An admin token. */
  readonly token: string;
  /** With that token. */
  readonly client: Client;
  readonly running: RunningServer;
  /** `fetch` on a path of the server, without a token. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** `fetch` on `/api/v1` + path, with the admin token or another (null: none); `json` becomes the body. */
  api(path: string, init?: ApiInit): Promise<Response>;
  /** Sends a GitHub push, signed, to a source's path. */
  push(options: PushOptions & PushPlace): Promise<Response>;
  /** Closed with the server, if not before. */
  raw(options?: RawOptions): Promise<RawConnection>;
  ended(id: string): Promise<TaskWire>;
  reached(id: string, state: TaskWire["state"]): Promise<TaskWire>;
  /** Every line of a task's log, in order. */
  lines(id: string): Promise<string[]>;
  /** Ends the server, running tasks too; the folder goes unless it was given. */
  close(): Promise<void>;
}

export interface PushPlace {
  /** Default `/hooks/app`. */
  readonly path?: string;
  /** Beside those that GitHub sends. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiInit extends Omit<RequestInit, "headers"> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
  readonly json?: unknown;
}

export interface TestServerOptions {
  /** The text of `hookwright.yaml`. */
  readonly settings: string;
  /** Kept at the end; default: a new one that is removed. */
  readonly dir?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly logger?: Logger;
  /** Write them to `hookwright.yaml` in the folder, so that they can be reloaded. */
  readonly file?: boolean;
  readonly work?: boolean;
  readonly receive?: boolean;
  /** Of the node, and its labels. Servers on one PostgreSQL are those with the same `dir`. */
  readonly name?: string;
  readonly labels?: readonly string[];
}

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "hookwright-")));
  const { env = {}, work = true, logger = createLogger({ level: "silent" }) } = options;
  const file = options.file === true ? join(dir, "hookwright.yaml") : null;
  if (file !== null) await writeFile(file, options.settings);
  const parsed = parseSettings({ text: options.settings, file, dir, env });
  const store = await storeIn(dir, parsed.store);
  const settings = { ...parsed, store: store.location };
  const { receive = true, name = "test", labels = [] } = options;
  const listen = { host: "127.0.0.1", port: 0 };
  const running = await startServer({ settings, env, logger, work, receive, name, labels, listen });
  const connections: RawConnection[] = [];
  return {
    ...toTestServer(running),
    dir,
    async raw(rawOptions) {
      const connection = await connectRaw(running.url, rawOptions);
      connections.push(connection);
      return connection;
    },
    async close() {
      for (const connection of connections) connection.destroy();
      // The second call stops waiting for running tasks.
      await Promise.all([running.close(), running.close()]);
      if (options.dir !== undefined) return;
      await store.remove();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function toTestServer(running: RunningServer): Omit<TestServer, "dir" | "raw" | "close"> {
  const { url, localToken: token } = running;
  const client = createClient({ url, token });

  const reached = (id: string, test: (task: TaskWire) => boolean): Promise<TaskWire> =>
    vi.waitFor(
      async () => {
        const task = await client.getTask(id);
        if (!test(task)) throw new Error(`task is ${task.state} (${task.reason ?? "no reason"})`);
        return task;
      },
      { timeout: 30_000, interval: 20 },
    );

  return {
    url,
    token,
    client,
    running,
    fetch: (path, init) => fetch(url + path, init),
    api: (path, init) => fetch(`${url}/api/v1${path}`, apiInit(token, init)),
    push({ path = "/hooks/app", headers: more = {}, ...options }) {
      const { headers, body } = githubPush(options);
      const all = { ...headers, ...more };
      return fetch(url + path, { method: "POST", headers: all, body: new Uint8Array(body) });
    },
    ended: (id) => reached(id, ({ state }) => isEnded(state)),
    reached: (id, state) => reached(id, (task) => task.state === state),
    lines: async (id) => (await client.listLog(id, { limit: 1_000 })).items.map(({ text }) => text),
  };
}

function apiInit(admin: string, { token = admin, json, headers = {}, ...init }: ApiInit = {}): RequestInit {
  const auth = token === null ? {} : { authorization: `Bearer ${token}` };
  if (json === undefined) return { ...init, headers: { ...auth, ...headers } };
  const body = JSON.stringify(json);
  return {
    method: "POST",
    body,
    ...init,
    headers: { ...auth, "content-type": "application/json", ...headers },
  };
}
