import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { createLogger } from "../../src/lib/logger.ts";
import { createRelay, type RelayOptions } from "../../src/relay/server.ts";
import { openRelayStore, type RelayStore } from "../../src/relay/store.ts";

/** A relay in this process, in a folder of its own. */
export interface TestRelay {
  readonly url: string;
  readonly store: RelayStore;
  /** Of the channel `closed`; `open` needs none. */
  readonly token: string;
  /** Another one on the same database, at another URL. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface TestRelayOptions extends Partial<RelayOptions> {
  readonly maxWaitingBytes?: number;
}

export async function startTestRelay({
  maxWaitingBytes = 1_000_000,
  ...rest
}: TestRelayOptions = {}): Promise<TestRelay> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-relay-"));
  const open = async () => {
    const store = openRelayStore({ path: join(dir, "relay.db"), maxWaitingBytes });
    const logger = createLogger({ level: "silent" });
    const relay = createRelay({ store, logger, maxBodyBytes: 100_000, ...rest });
    return { store, relay, url: await relay.listen({ host: "127.0.0.1", port: 0 }) };
  };
  let opened = await open();
  const { token } = opened.store.createChannel({ id: "closed", open: false, now: new Date() });
  opened.store.createChannel({ id: "open", open: true, now: new Date() });
  const end = async (): Promise<void> => {
    await opened.relay.close();
    opened.store.close();
  };
  return {
    get url() {
      return opened.url;
    },
    get store() {
      return opened.store;
    },
    token: token ?? "",
    async restart() {
      await end();
      opened = await open();
    },
    async close() {
      await end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface StreamEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
}

export interface OpenStream {
  readonly status: number;
  /** The next event that is no ping; null at the end. */
  next(): Promise<StreamEvent | null>;
  close(): void;
}

export async function openStream(url: string, headers: Record<string, string> = {}): Promise<OpenStream> {
  const controller = new AbortController();
  const response = await fetch(url, {
    headers: { accept: "text/event-stream", ...headers },
    signal: controller.signal,
  });
  const events = (response.body ?? new ReadableStream())
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  return {
    status: response.status,
    async next() {
      for (;;) {
        const { value, done } = await events.read();
        if (done || value === undefined) return null;
        const { event = "message", id, data } = value;
        if (event !== "ping") return { event, id, data };
      }
    },
    close: () => controller.abort(),
  };
}

/** What a local server was handed. */
export interface Handed {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Receiver {
  readonly url: string;
  readonly handed: Handed[];
  /** Answers to give before 202, in this order; 0: none. */
  readonly answers: number[];
  close(): Promise<void>;
}

/** A server that keeps what it is handed. */
export async function startReceiver(): Promise<Receiver> {
  const handed: Handed[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      handed.push({ url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) });
      const status = answers.shift() ?? 202;
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    handed,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
