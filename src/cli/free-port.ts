import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

const WANTED = 8080;
const TRIED = 20;

/** 8080, or the first one after it that no other program uses on 127.0.0.1, or any. */
export async function freePort(): Promise<number> {
  for (let port = WANTED; port < WANTED + TRIED; port += 1) {
    if ((await tryPort(port)) !== null) return port;
  }
  return (await tryPort(0)) ?? WANTED;
}

async function tryPort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return null;
  }
  const address: AddressInfo | string | null = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : port;
}
