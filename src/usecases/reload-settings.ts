import { isDeepStrictEqual } from "node:util";
import type { Asker } from "../domain/audit.ts";
import type { Settings } from "../settings/settings.ts";
import { reviewFreezes } from "./hold-keeper.ts";
import type { Services } from "./services.ts";
import { messageOf } from "../lib/message-of.ts";

/**
 * Puts the settings as they are in their file now in force, or rejects and changes nothing. One reload at a time, in the
 * order of the calls: else the one that read the older text might be the last to take effect.
 */
export function createReload(
  services: Services,
  load: () => Promise<Settings>,
): (asker: Asker) => Promise<void> {
  const initial = services.settings.current();
  let last: Promise<void> = Promise.resolve();

  async function reload(asker: Asker): Promise<void> {
    const { auditor, logger, queue } = services;
    const before = services.settings.current().digest;
    const audit = { asker, action: "settings.reload", target: null } as const;
    try {
      const settings = await load();
      const details = { before, after: settings.digest };
      await services.settings.replace(settings, (input) =>
        auditor.recorded({ ...audit, details }, "saveSettings", input),
      );
      if (isFixedPartChanged(initial, settings)) {
        logger.warn(
          "A new listen address, TLS begun or ended, or a new store takes effect at the next start",
        );
      }
      await services.takeOverAudit();
      queue.wake();
      await reviewFreezes(services);
      logger.info({ file: settings.file, digest: settings.digest }, "Settings reloaded");
    } catch (error) {
      const message = messageOf(error);
      await auditor.refused({ ...audit, details: { before } }, error);
      logger.error(`The new settings are refused, the old ones stay:\n${message}`);
      throw error;
    }
  }

  return (asker) => {
    const next = last.then(() => reload(asker));
    last = next.catch(() => undefined);
    return next;
  };
}

/** What a running server can't change. */
const isFixedPartChanged = (before: Settings, after: Settings): boolean =>
  before.server.host !== after.server.host ||
  before.server.port !== after.server.port ||
  (before.server.tls === null) !== (after.server.tls === null) ||
  !isDeepStrictEqual(before.server.admin, after.server.admin) ||
  !isDeepStrictEqual(before.store, after.store);
