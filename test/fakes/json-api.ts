import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { readBody } from "./github-dispatches.ts";

export interface ApiRequest {
  readonly method: string;
  /** Path and query, decoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed; undefined where there is none. */
  readonly body: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What goes wrong instead of an answer: another one, or a connection that breaks. */
export type ApiFault = ApiAnswer | "reset";

/** A JSON API over real HTTP, or HTTPS; what it answers is up to whoever makes it. */
export interface FakeApi {
  readonly url: string;
  readonly requests: ApiRequest[];
  /** Faults to have before the real answers, each once. */
  readonly faults: ApiFault[];
  close(): Promise<void>;
}

export interface FakeApiOptions {
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startFakeApi(
  answer: (request: ApiRequest) => ApiAnswer,
  { tls }: FakeApiOptions = {},
): Promise<FakeApi> {
  const requests: ApiRequest[] = [];
  const faults: ApiFault[] = [];
  const listener: RequestListener = (incoming, response) => {
    void readBody(incoming).then((text) => {
      const request: ApiRequest = {
        method: incoming.method ?? "",
        path: decodeURIComponent(incoming.url ?? ""),
        headers: incoming.headers,
        body: text === null || text === "" ? undefined : JSON.parse(text),
      };
      requests.push(request);
      const fault = faults.shift();
      if (fault === "reset") {
        incoming.socket.destroy();
        return;
      }
      const { status, body, headers } = fault ?? answer(request);
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    faults,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
