import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Remembers the connections that have sent nothing yet: browsers and HTTP clients open them in advance. Node does not
 * count them as idle, so a server that closes would wait for them. Of TLS both the connection and what is read from it count:
 * there is a handshake before a request. Returns the function that ends them.
 */
export function trackUnused(server: Server): () => void {
  const unused = new Set<Socket>();
  const use = ({ socket }: IncomingMessage): void => void unused.delete(socket);
  const open = (socket: Socket): void => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  };
  server.on("connection", open);
  server.on("secureConnection", open);
  server.on("request", use);
  server.on("checkContinue", use);
  return () => {
    for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
  };
}
