import { nodeName } from "../domain/node.ts";
import { ensureApp } from "../lib/supervise/control.ts";
import { readPorts } from "../lib/supervise/spec.ts";
import type { Services } from "./services.ts";

/**
 * Starts the apps of this machine that Hookwright itself keeps running and that do not: the machine was started anew, or
 * something ended their supervisors. Rejects for nothing that one app alone has trouble with.
 */
export async function keepApps({ store, node, logger }: Services): Promise<void> {
  const releases = await store.listReleases({ node: nodeName(node) });
  for (const dir of new Set(releases.map((release) => release.dir))) {
    try {
      const { active } = await readPorts(dir);
      if (active !== null && (await ensureApp(dir, active))) {
        logger.warn({ dir, port: active }, "Started an app that did not run any more");
      }
    } catch (error) {
      logger.error({ err: error, dir }, "An app could not be started");
    }
  }
}
