// What durability alone costs: as hmac-json.ts, and each body is appended to one file. All requests that wait share one fsync.
import { fdatasync, openSync, writev } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { onSignedBody } from "./signed-body.ts";

const { SECRET, PORT, DIR } = z
  .object({ SECRET: z.string(), PORT: z.coerce.number(), DIR: z.string() })
  .parse(process.env);
const file = openSync(join(DIR, "bodies"), "a");
const [write, sync] = [promisify(writev), promisify(fdatasync)];

let waiting: { readonly body: Buffer; readonly response: ServerResponse }[] = [];
let storing = false;

async function store(): Promise<void> {
  if (storing) return;
  storing = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await write(
      file,
      batch.map(({ body }) => body),
    );
    await sync(file);
    for (const { response } of batch) response.writeHead(202).end("ok");
  }
  storing = false;
}

createServer(
  onSignedBody(SECRET, (body, response) => {
    JSON.parse(body.toString("utf8"));
    waiting.push({ body, response });
    void store();
  }),
).listen(PORT, "127.0.0.1");
