import { createLogger } from "../../src/lib/logger.ts";
import { type Auditor, createAuditor } from "../../src/storage/auditor.ts";
import type { Store } from "../../src/storage/store.ts";

/** Records in the store; what it can't store is logged nowhere. */
export const auditorOf = (store: Store): Auditor =>
  createAuditor({ store, logger: createLogger({ level: "silent" }) });
