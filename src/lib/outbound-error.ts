import { deepestMessage } from "./message-of.ts";

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

/** Throws OutboundError. */
export function checkUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw new OutboundError(`${url.protocol} URLs are not called, only http: and https:`, { final: true });
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
  return new OutboundError(`${host} could not be reached: ${deepestMessage(error)}`, { cause: error });
}

/** The codes of OpenSSL, and of Node for a name that is not in it. */
const isAboutCertificate = (error: Error): boolean =>
  "code" in error && typeof error.code === "string" && /CERT|UNABLE_TO_VERIFY/.test(error.code);
