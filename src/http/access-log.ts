import type { FastifyRequest } from "fastify";
import type { Asker, AuditEntry } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { networkOf } from "../lib/networks.ts";
import type { Auditor } from "../storage/auditor.ts";
import { pathOf } from "./intake/intake.ts";
import { LIMITS } from "./limits.ts";

/**
 * Records in the audit log who was not let in. Anybody can be refused as often as they like, so of each network one event
 * in a while is recorded, and of all of them a bounded number; the next event says how many it stands for.
 */
export interface AccessLog {
  /** Records it when `login` rejects because of the credentials. */
  ofLogin<T>(asker: Asker, login: () => Promise<T>): Promise<T>;
  /** Somebody known may not do what they ask for; only changes are recorded. */
  ofRequest(asker: Asker, request: Pick<FastifyRequest, "method" | "url">, error: AppError): void;
}

const REFUSED = new Set([
  "auth:forbidden",
  "auth:bad_credentials",
  "auth:too_many_failures",
  "mw:auth:unauthorized",
  "mw:auth:too_many_failures",
]);

export function createAccessLog(auditor: Pick<Auditor, "refused">, now: () => number = Date.now): AccessLog {
  const quiet = new Map<string, { readonly until: number; unsaid: number }>();
  let window = { until: 0, count: 0 };

  /** How many were not recorded since the last; null: this one is not either. */
  function admit(key: string): number | null {
    const at = now();
    if (at >= window.until) window = { until: at + LIMITS.auditQuietMs, count: 0 };
    const known = quiet.get(key);
    if ((known !== undefined && at < known.until) || window.count >= LIMITS.auditRefusals) {
      if (known !== undefined) known.unsaid += 1;
      return null;
    }
    window.count += 1;
    quiet.delete(key);
    const [oldest] = quiet.keys();
    if (quiet.size >= LIMITS.failureAddresses && oldest !== undefined) quiet.delete(oldest);
    quiet.set(key, { until: at + LIMITS.auditQuietMs, unsaid: 0 });
    return known?.unsaid ?? 0;
  }

  function record(entry: AuditEntry, error: AppError): void {
    const { by, place } = entry.asker;
    const address = place?.address ?? null;
    const unsaid = admit(`${by} ${error.code} ${address === null ? "" : networkOf(address)}`);
    if (unsaid === null) return;
    void auditor.refused({ ...entry, details: unsaid === 0 ? {} : { unsaid } }, error);
  }

  return {
    async ofLogin(asker, login) {
      try {
        return await login();
      } catch (error) {
        if (error instanceof AppError && REFUSED.has(error.code))
          record({ asker, action: "login", target: null }, error);
        throw error;
      }
    },
    ofRequest(asker, { method, url }, error) {
      if (method === "GET" || method === "HEAD") return;
      record({ asker, action: "request", target: `${method} ${pathOf(url)}` }, error);
    },
  };
}
