import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { until } from "./until.ts";

/** A request that a receiver got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly at: number;
}

/** How a receiver answers the next request; default: 200 `ok`. */
export type Answer = (response: ServerResponse, request: ReceivedRequest) => void;

/** A real HTTP server that notes what it gets. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** From now on, for every request. */
  answer(with_: Answer): void;
  /** Waits until it has got so many. */
  got(count: number): Promise<readonly ReceivedRequest[]>;
  close(): Promise<void>;
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, body = ""): Answer =>
  (response) =>
    void response.writeHead(code, headers).end(body);

export async function startReceiver({ port = 0 }: { readonly port?: number } = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  let answer: Answer = status(200, {}, "ok");
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const received = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: joined(request.headers),
        body: Buffer.concat(chunks).toString("utf8"),
        at: performance.now(),
      };
      requests.push(received);
      answer(response, received);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${bound}/webhook`,
    port: bound,
    requests,
    answer(next) {
      answer = next;
    },
    async got(count) {
      await until(() => requests.length >= count, {
        what: `${count} requests, of which ${requests.length} came`,
      });
      return requests;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) plain[name] = [value].flat().join(", ");
  return plain;
}
