// @octokit/webhooks by its own middleware, with the handler that its users write: start a command, and not wait for it.
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { createServer } from "node:http";
import { createNodeMiddleware, Webhooks } from "@octokit/webhooks";
import { z } from "zod";

const { SECRET, PORT, COMMAND, OUTPUT, PASSES_COMMIT } = z
  .object({
    SECRET: z.string(),
    PORT: z.coerce.number(),
    COMMAND: z.string(),
    OUTPUT: z.string(),
    PASSES_COMMIT: z.stringbool(),
  })
  .parse(process.env);
/** Empty: nothing is started. */
const [file, ...args] = z.array(z.string()).parse(JSON.parse(COMMAND));
const output = OUTPUT === "" ? "ignore" : openSync(OUTPUT, "a");

// Each refusal would be an error with its stack.
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const webhooks = new Webhooks({ secret: SECRET, log });
webhooks.on("push", ({ payload }) => {
  if (file === undefined) return;
  const commit = PASSES_COMMIT ? [payload.head_commit?.id ?? ""] : [];
  const child = spawn(file, [...args, ...commit], { stdio: ["ignore", output, "ignore"] });
  // Without this the first command that can't be started would end the server.
  child.on("error", () => undefined);
});
const middleware = createNodeMiddleware(webhooks, { path: "/hooks/app", log });
createServer((request, response) => {
  // Of what is not its path it only says that.
  void middleware(request, response).then((isDone) => {
    if (!isDone) response.writeHead(404).end();
  });
}).listen(PORT, "127.0.0.1");
