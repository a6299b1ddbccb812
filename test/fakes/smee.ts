import { createServer, type ServerResponse } from "node:http";
import { until } from "../support/until.ts";

export interface FakeSmee {
  /** Of its one channel. */
  readonly url: string;
  /** Sends an event to whoever listens. */
  emit(data: unknown): void;
  /** Breaks the connections off. */
  drop(): void;
  /** Resolves when so many have connected so far. */
  connected(count: number): Promise<unknown>;
  close(): Promise<void>;
}

/** smee.io as github.com/probot/smee.io has it: a stream only for exactly this Accept, a page otherwise; it keeps nothing. */
export async function startFakeSmee(): Promise<FakeSmee> {
  const listening = new Set<ServerResponse>();
  let count = 0;
  let messages = 0;
  const server = createServer((request, response) => {
    if (request.headers.accept !== "text/event-stream") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>");
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write(`id: ${(messages += 1)}\nevent: ready\ndata: {}\n\n`);
    response.write(`id: ${(messages += 1)}\nevent: ping\ndata: {}\n\n`);
    listening.add(response);
    response.on("close", () => listening.delete(response));
    count += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/abc`,
    emit(data) {
      for (const response of listening)
        response.write(`id: ${(messages += 1)}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    drop() {
      for (const response of listening) response.destroy();
    },
    connected: (wanted) => until(() => count >= wanted, { what: "a connection to smee" }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
