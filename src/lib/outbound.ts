import type { Agent } from "undici";
import { createAddressGuard } from "./address-guard.ts";
import { checkUrl, explain, OutboundError } from "./outbound-error.ts";
import { toInit, toResponse } from "./undici-parts.ts";

export interface OutboundOptions {
  /** Networks that may be called although they are not public: `10.0.0.0/8`, `127.0.0.1/32`. Default none. */
  readonly allowCidrs?: readonly string[];
  /** Milliseconds for a whole request, its body included. Default 30,000. */
  readonly timeoutMs?: number;
  /** Certificate (PEM) that servers' must be signed by, instead of those that the machine trusts. */
  readonly ca?: string;
  /** Longest response body in bytes. Default 10 MiB. */
  readonly maxResponseBytes?: number;
  /**
   * For what is large: the body is not read but handed on as it comes, within the same bounds, and a redirect is an answer
   * like any other. Default false.
   */
  readonly streamed?: boolean;
}

/** Archives: up to 512 MiB within 10 minutes. */
export const DOWNLOADS = { streamed: true, timeoutMs: 600_000, maxResponseBytes: 512 * 1024 * 1024 } as const;

/**
 * A `fetch` for calling strangers: http and https only; every address that the name stands for is checked and the connection
 * goes to one of the checked ones; redirects are answered with an error; time and size are bounded. Rejects with OutboundError.
 */
export function createOutboundFetch(options: OutboundOptions = {}): typeof fetch {
  const { allowCidrs = [], timeoutMs = 30_000, maxResponseBytes = 10 * 1024 * 1024, ca } = options;
  const { streamed = false } = options;
  const guard = createAddressGuard(allowCidrs);
  const connect = {
    lookup: guard.lookup,
    timeout: Math.min(timeoutMs, 10_000),
    ...(ca !== undefined && { ca }),
  };
  let dispatcher: Agent | null = null;
  return async (input, init) => {
    const request = new Request(input, init);
    const url = checkUrl(request.url);
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      guard.checkHost(url.hostname);
      // With the first call: a server that calls nobody is not to pay for it.
      const undici = await import("undici");
      dispatcher ??= new undici.Agent({ connect, maxResponseSize: maxResponseBytes });
      const response = await undici.fetch(url, {
        ...(await toInit(request)),
        signal,
        dispatcher,
        redirect: "manual",
      });
      if (streamed) return toResponse(response, response.body);
      refuseRedirect(url, response.status);
      return toResponse(response, await response.arrayBuffer());
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw explain(url, error, timeoutMs);
    }
  };
}

function refuseRedirect({ host }: URL, status: number): void {
  if (![301, 302, 303, 307, 308].includes(status)) return;
  throw new OutboundError(`${host} answered with a redirect (${status}); redirects are not followed`, {
    final: true,
  });
}
