// What anybody would write first: gather the body, check the HMAC, parse the JSON, answer. Stores nothing.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { z } from "zod";

const { SECRET, PORT } = z.object({ SECRET: z.string(), PORT: z.coerce.number() }).parse(process.env);

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const expected = createHmac("sha256", SECRET).update(body).digest();
    const given = Buffer.from(String(request.headers["x-hub-signature-256"]).slice(7), "hex");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      response.writeHead(401).end();
      return;
    }
    const payload: unknown = JSON.parse(body.toString("utf8"));
    response.writeHead(202).end(typeof payload);
  });
}).listen(PORT, "127.0.0.1");
