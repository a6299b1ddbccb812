import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { toldBy } from "../../outbound/told.ts";
import { bind } from "../../sources/fixtures/bind.ts";
import { ENDPOINT_SECRET, type EndpointUrls } from "./settings.ts";

/** Two endpoints: one that takes and checks everything, and one that accepts connections and never answers. */
export interface Endpoints {
  readonly urls: EndpointUrls;
  /** Tasks whose end the healthy one was told of. */
  readonly told: ReadonlySet<string>;
  readonly counts: Readonly<EndpointCounts>;
  close(): Promise<void>;
}

export interface EndpointCounts {
  /** Messages that the healthy one took. */
  taken: number;
  badSignatures: number;
  /** Attempts at the dead one. */
  unanswered: number;
}

export async function startEndpoints(): Promise<Endpoints> {
  const told = new Set<string>();
  const counts: EndpointCounts = { taken: 0, badSignatures: 0, unanswered: 0 };
  const verifier = bind({ kind: "standard-webhooks", secrets: [ENDPOINT_SECRET] });
  const healthy = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      if (!verifier.authenticate({ headers, body }, new Date()).ok) {
        counts.badSignatures += 1;
        response.writeHead(401).end();
        return;
      }
      counts.taken += 1;
      told.add(toldBy({ body: body.toString("utf8") }).data.task.id);
      response.writeHead(204).end();
    });
  });
  const dead = createServer((request) => {
    counts.unanswered += 1;
    request.on("error", () => undefined).resume();
  });
  const urls = { healthy: await listen(healthy), dead: await listen(dead) };
  return {
    urls,
    told,
    counts,
    async close() {
      await Promise.all([healthy, dead].map(shut));
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/in`;
}

async function shut(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
