import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createLogger } from "../src/lib/logger.ts";
import { startServer } from "../src/main.ts";
import { parseSettings } from "../src/settings/load.ts";

/** The document as a real server serves it, without the version, which changes with every release. */
export async function openapiDocument(): Promise<unknown> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-openapi-"));
  const settings = parseSettings({ text: "store: sqlite:./hw.db", file: null, dir, env: {} });
  const logger = createLogger({ level: "silent" });
  const server = await startServer({ settings, logger, work: false, listen: { host: "127.0.0.1", port: 0 } });
  try {
    const response = await fetch(`${server.url}/api/v1/openapi.json`);
    const document = z.looseObject({ info: z.looseObject({}) }).parse(await response.json());
    return { ...document, info: { ...document.info, version: "" } };
  } finally {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}
