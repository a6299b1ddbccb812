// What anybody would write first: gather the body, check the HMAC, parse the JSON, answer. Stores nothing.
import { createServer } from "node:http";
import { z } from "zod";
import { onSignedBody } from "./signed-body.ts";

const { SECRET, PORT } = z.object({ SECRET: z.string(), PORT: z.coerce.number() }).parse(process.env);

createServer(
  onSignedBody(SECRET, (body, response) => {
    const payload: unknown = JSON.parse(body.toString("utf8"));
    response.writeHead(202).end(typeof payload);
  }),
).listen(PORT, "127.0.0.1");
