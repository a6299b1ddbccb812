import type { Logger } from "../lib/logger.ts";
import type { Store } from "../storage/store.ts";
import { forwardDelivery } from "./forward-delivery.ts";
import type { Services } from "./services.ts";
import { createSpool, type Spool } from "./spool.ts";

/** The spool of a server, on its disk. */
export const spoolOf = (disk: Store, logger: Logger, services: () => Services): Spool =>
  createSpool({
    disk,
    logger,
    limitBytes: () => services().settings.current().server.spoolBytes ?? 0,
    forward: (queued, body) => forwardDelivery(services(), queued, body),
    ping: () => services().store.ping(),
  });
