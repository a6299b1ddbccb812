import { REQUEST_ID_HEADER } from "../domain/delivery.ts";
import { parseTraceparent, TRACEPARENT_LENGTH } from "../lib/tracing/tracer.ts";
import type { BoundSource, IncomingRequest } from "../sources/source.ts";
import type { Services } from "./services.ts";

export interface KeptHeadersInput {
  readonly source: Pick<BoundSource, "keptHeaders">;
  readonly request: Pick<IncomingRequest, "headers">;
  /** What the sender is told; undefined where nobody is answered. */
  readonly requestId: string | undefined;
}

/** Only what the kind allows is stored, never a header that may carry a secret; and by what the sender can ask for it. */
export function keptHeaders(
  { traces }: Pick<Services, "traces">,
  { source, request, requestId }: KeptHeadersInput,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of source.keptHeaders) {
    const value = request.headers[name];
    if (value !== undefined) kept[name] = value;
  }
  const traceparent = traces === null ? undefined : request.headers["traceparent"];
  if (traceparent !== undefined && parseTraceparent(traceparent) !== null)
    kept["traceparent"] = traceparent.slice(0, TRACEPARENT_LENGTH);
  if (requestId !== undefined) kept[REQUEST_ID_HEADER] = requestId;
  return kept;
}
