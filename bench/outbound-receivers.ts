import { createServer, type Server } from "node:http";
import { z } from "zod";
import { wallClock } from "./clock.ts";

// A process of receivers, so that they take nothing from the sender's event loop. Says where they listen, then, for every
// message that it gets, what has come in since the one before.

const LIVE = 9;
const told = z.object({ data: z.object({ task: z.object({ id: z.string() }) }) });

let arrived: { readonly id: string; readonly at: number }[] = [];

const live = createServer((request, response) => {
  const at = wallClock();
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { id } = told.parse(JSON.parse(Buffer.concat(chunks).toString())).data.task;
    arrived.push({ id, at });
    response.writeHead(204).end();
  });
});
/** Takes what it is sent, and never answers. */
const dead = createServer(() => undefined);

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const [liveUrl, deadUrl] = [await listen(live), await listen(dead)];
process.send?.({
  urls: [...Array.from({ length: LIVE }, (_, index) => `${liveUrl}/${index}`), `${deadUrl}/dead`],
});
process.on("message", () => {
  process.send?.({ arrived });
  arrived = [];
});
process.on("disconnect", () => process.exit());
