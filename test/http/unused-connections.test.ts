import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { trackUnused } from "../../src/http/unused-connections.ts";

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

it("ends connections that have sent nothing, and leaves a request under way alone", async () => {
  const server = createServer();
  const accepted: Socket[] = [];
  server.on("connection", (socket) => accepted.push(socket));
  const endUnused = trackUnused(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on a port has such an address
  const { port } = server.address() as AddressInfo;
  const asked = Promise.withResolvers<ServerResponse>();
  server.on("request", (_request, response) => asked.resolve(response));
  const busy = await open(port);
  busy.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  const response = await asked.promise;
  const idle = await open(port);
  const partial = await open(port);
  partial.write("GET / HT");
  await vi.waitFor(() => expect(accepted.map(({ bytesRead }) => bytesRead > 0)).toEqual([true, false, true]));
  const idleEnded = once(idle.resume(), "close");

  const closed = once(server, "close");
  server.close();
  endUnused();
  await idleEnded;
  response.end("done");
  const answered = Promise.withResolvers<string>();
  busy.on("data", (chunk: Buffer) => answered.resolve(chunk.toString()));
  expect(await answered.promise).toContain("200 OK");
  expect(partial.destroyed).toBe(false);
  partial.destroy();
  busy.destroy();
  await closed;
});
