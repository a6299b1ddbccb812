import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import type { Input } from "./inputs.ts";
import type { RawInput } from "./raw-inputs.ts";

/** What came back: a status, or `closed` where the server hung up without a word. */
export type Outcome = number | "closed";

export interface Answered {
  readonly status: Outcome;
  readonly body: string;
}

export function createHttpSender(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  return {
    close: () => agent.destroy(),
    send: (input: Input): Promise<Answered> =>
      new Promise((resolve) => {
        const { method, path, headers, body } = input;
        const made = request(url, {
          agent,
          method,
          path: safePath(path),
          // Without a length, node would send the body of a GET or HEAD as if it were the next request.
          headers: { ...headers, "content-length": body.length },
          timeout: 30_000,
        });
        made.on("response", (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (text += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
          response.on("error", () => resolve({ status: "closed", body: "" }));
        });
        made.on("error", () => resolve({ status: "closed", body: "" }));
        made.on("timeout", () => made.destroy());
        made.end(body);
      }),
  };
}

/** node's client takes no other characters. */
const safePath = (path: string): string => path.replaceAll(/[^\x21-\x7E]/g, "%20");

/** Longer than the server waits for the rest of a request. */
const PATIENCE_MS = 20_000;

/** Writes the bytes on a connection of their own and then says that there are no more; the statuses that came back. */
export async function sendBytes(url: string, input: RawInput): Promise<number[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => (received += chunk));
  // A reset is one of the ways in which a server may close.
  const closed = Promise.race([once(socket, "close"), once(socket, "end")]).catch(() => undefined);
  socket.on("error", () => socket.destroy());
  for (const piece of input) socket.write(piece);
  socket.end();
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error("left open")));
  await closed;
  socket.destroy();
  return [...received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
