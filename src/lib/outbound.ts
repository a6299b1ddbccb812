import { Agent, fetch as undiciFetch } from "undici";
import { createAddressGuard } from "./address-guard.ts";

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

/** A request was refused by the guard or did not come about; the message says why, for people. */
export class OutboundError extends Error {
  override readonly name = "OutboundError";
  /** Refused for what it is: trying again would end the same way. */
  readonly final: boolean;

  constructor(
    message: string,
    { final = false, ...options }: ErrorOptions & { readonly final?: boolean } = {},
  ) {
    super(message, options);
    this.final = final;
  }
}

/**
 * A `fetch` for calling strangers: http and https only; every address that the name stands for is checked and the connection
 * goes to one of the checked ones; redirects are answered with an error; time and size are bounded. Rejects with OutboundError.
 */
export function createOutboundFetch(options: OutboundOptions = {}): typeof fetch {
  const { allowCidrs = [], timeoutMs = 30_000, maxResponseBytes = 10 * 1024 * 1024, ca } = options;
  const { streamed = false } = options;
  const guard = createAddressGuard(allowCidrs);
  const dispatcher = new Agent({
    connect: { lookup: guard.lookup, timeout: Math.min(timeoutMs, 10_000), ...(ca !== undefined && { ca }) },
    maxResponseSize: maxResponseBytes,
  });
  return async (input, init) => {
    const request = new Request(input, init);
    const url = checkUrl(request.url);
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      guard.checkHost(url.hostname);
      const response = await undiciFetch(url, {
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

type UndiciResponse = Awaited<ReturnType<typeof undiciFetch>>;

/** Throws OutboundError. */
export function checkUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw new OutboundError(`${url.protocol} URLs are not called, only http: and https:`, { final: true });
}

/** Bodies are read whole: they are small, and a retry or a refusal then leaves nothing half sent. */
async function toInit(request: Request): Promise<Record<string, unknown>> {
  const { method } = request;
  const headers = [...request.headers];
  if (request.body === null) return { method, headers };
  return { method, headers, body: Buffer.from(await request.arrayBuffer()) };
}

/** A response of the global kind. A body that was read to its end counted for time and size, too. */
function toResponse(
  { status, statusText, headers, url }: UndiciResponse,
  body: ArrayBuffer | UndiciResponse["body"],
): Response {
  const hasBody = ![101, 204, 205, 304].includes(status);
  const result = new Response(hasBody ? body : null, { status, statusText, headers: [...headers] });
  Object.defineProperty(result, "url", { value: url });
  return result;
}

function refuseRedirect({ host }: URL, status: number): void {
  if (![301, 302, 303, 307, 308].includes(status)) return;
  throw new OutboundError(`${host} answered with a redirect (${status}); redirects are not followed`, {
    final: true,
  });
}

/** A failure of undici in words. */
export function explain({ host }: URL, error: unknown, timeoutMs: number): OutboundError {
  if (error instanceof OutboundError) return error;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof OutboundError) return cause;
    if (cause.name === "AddressRefused")
      return new OutboundError(cause.message, { cause: error, final: true });
    if (isAboutCertificate(cause)) {
      return new OutboundError(`The certificate of ${host} is not trusted: ${cause.message}`, {
        cause: error,
        final: true,
      });
    }
    if (cause.name === "TimeoutError")
      return new OutboundError(`${host} did not answer within ${timeoutMs} ms`);
    if (cause.name === "ResponseExceededMaxSizeError")
      return new OutboundError(`The answer of ${host} is too long`);
  }
  return new OutboundError(`${host} could not be reached: ${deepest(error)}`, { cause: error });
}

/** The codes of OpenSSL, and of Node for a name that is not in it. */
const isAboutCertificate = (error: Error): boolean =>
  "code" in error && typeof error.code === "string" && /CERT|UNABLE_TO_VERIFY/.test(error.code);

/** undici wraps what happened in "fetch failed". */
function deepest(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  if (last instanceof AggregateError) return last.errors.map(deepest).join("; ");
  return last instanceof Error ? last.message : String(last);
}
