import { type AuditEntry, type AuditEvent, placeOf } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { newId } from "../lib/ids.ts";
import type { Logger } from "../lib/logger.ts";
import type { RecordedCall } from "./audit-calls.ts";
import type { Store } from "./store.ts";

/** Records who did what. Nothing is lost in silence: what can't be stored is logged, whole, as an error. */
export interface Auditor {
  /** Does a call of the store and records it in the same transaction. */
  recorded<N extends RecordedCall>(
    entry: AuditEntry,
    call: N,
    ...args: Parameters<Store[N]>
  ): Promise<Awaited<ReturnType<Store[N]>>>;
  /** As `recorded`; where the call rejects, that is recorded. */
  attemptRecorded<N extends RecordedCall>(
    entry: AuditEntry,
    call: N,
    ...args: Parameters<Store[N]>
  ): Promise<Awaited<ReturnType<Store[N]>>>;
  /** Records what no transaction of the store could: it is done. */
  done(entry: AuditEntry): Promise<void>;
  /** Records that it was refused, and why. */
  refused(entry: AuditEntry, error: unknown): Promise<void>;
  /** Does something, and records it if it is refused. */
  attempt<T>(entry: AuditEntry, work: () => Promise<T>): Promise<T>;
  /** Takes over what was recorded elsewhere. Rejects when it is not stored. */
  takeOver(events: readonly AuditEvent[]): Promise<void>;
}

export interface AuditorOptions {
  readonly store: Pick<Store, "recorded" | "recordAudit">;
  readonly logger: Pick<Logger, "error">;
  readonly now?: () => Date;
  /** Called when something has been recorded. */
  readonly tell?: () => void;
}

export function createAuditor(options: AuditorOptions): Auditor {
  const { store, logger, now = () => new Date(), tell = () => undefined } = options;

  async function record(event: AuditEvent): Promise<void> {
    try {
      await store.recordAudit([event]);
      tell();
    } catch (error) {
      logger.error({ err: error, audit: event }, "An event of the audit log could not be stored");
    }
  }

  const auditor: Auditor = {
    async recorded<N extends RecordedCall>(
      entry: AuditEntry,
      call: N,
      ...args: Parameters<Store[N]>
    ): Promise<Awaited<ReturnType<Store[N]>>> {
      const result = await store.recorded({ event: toEvent(entry, now()), call, args });
      tell();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the call of that name was made, with its own arguments
      return result as Awaited<ReturnType<Store[N]>>;
    },
    done: (entry) => record(toEvent(entry, now())),
    refused: (entry, error) => record({ ...toEvent(entry, now()), result: "refused", code: codeOf(error) }),
    async attempt(entry, work) {
      try {
        return await work();
      } catch (error) {
        await auditor.refused(entry, error);
        throw error;
      }
    },
    attemptRecorded: (entry, call, ...args) =>
      auditor.attempt(entry, () => auditor.recorded(entry, call, ...args)),
    async takeOver(events) {
      await store.recordAudit(events);
      tell();
    },
  };
  return auditor;
}

/** What people give as names may be long. */
const LONGEST = 200;
const bounded = (text: string): string => text.slice(0, LONGEST);

export function toEvent({ asker, action, target, details = {} }: AuditEntry, now: Date): AuditEvent {
  return {
    id: newId(),
    time: now.toISOString(),
    actor: bounded(asker.by),
    action,
    target: target === null ? null : bounded(target),
    ...placeOf(asker),
    result: "done",
    code: null,
    details,
  };
}

const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : "internal");
