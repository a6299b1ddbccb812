import { z } from "zod";
import { createLogger } from "../../src/lib/logger.ts";
import { startServer } from "../../src/main.ts";
import { NODE_ROLES } from "../../src/storage/store.ts";

/** One server of several, in a process of its own: `node node-main.ts JSON`. Prints where it listens. */
const input = z.object({
  settingsFile: z.string(),
  name: z.string(),
  labels: z.array(z.string()).default([]),
  roles: z.array(z.enum(NODE_ROLES)).default(["receive", "work"]),
  port: z.number().default(0),
});

const { settingsFile, name, labels, roles, port } = input.parse(JSON.parse(process.argv[2] ?? "{}"));
const server = await startServer({
  settingsFile,
  name,
  labels,
  receive: roles.includes("receive"),
  work: roles.includes("work"),
  listen: { host: "127.0.0.1", port },
  logger: createLogger({ level: "info" }),
  signals: true,
});
process.stdout.write(`${JSON.stringify({ url: server.url, token: server.localToken })}\n`);
