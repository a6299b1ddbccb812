import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP port of 127.0.0.1 in front of a Unix socket, whose connections can be cut. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection. */
  cut(): void;
  /** True: breaks every connection, and each new one at once, as long as it is not set to false. */
  refuse(all: boolean): void;
  close(): Promise<void>;
}

export async function startTcpProxy(socketPath: string): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let refuses = false;
  const server = createServer((inbound) => {
    if (refuses) {
      inbound.destroy();
      return;
    }
    const outbound = connect(socketPath);
    const end = (): void => {
      for (const socket of [inbound, outbound]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    inbound.pipe(outbound).pipe(inbound);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut,
    refuse(all) {
      refuses = all;
      if (all) cut();
    },
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
