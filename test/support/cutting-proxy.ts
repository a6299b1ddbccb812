import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  readonly url: string;
  /** Connections so far. */
  readonly connections: number;
  /** Bytes of the server's answer that each further connection lets through before it is cut; null: all. */
  cutAfter(bytes: number | null): void;
  /** Cuts those that there are. */
  cutNow(): void;
  close(): Promise<void>;
}

/** A TCP proxy in front of a server that cuts connections in the middle of what they carry. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let limit: number | null = null;
  let connections = 0;
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", cut).on("close", cut);
    }
    connections += 1;
    client.pipe(upstream);
    forward(upstream, client, limit, cut);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    get connections() {
      return connections;
    },
    cutAfter(bytes) {
      limit = bytes;
    },
    cutNow() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function forward(from: Socket, to: Socket, limit: number | null, cut: () => void): void {
  let left = limit ?? Number.POSITIVE_INFINITY;
  from.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.min(left, chunk.length));
    left -= chunk.length;
    if (left > 0) to.write(part);
    else to.write(part, cut);
  });
}
