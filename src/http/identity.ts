import { randomUUID } from "node:crypto";
import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;

/** The value of `x-api-uuid`: unique per request, shown in its log lines and as `instance` of a problem. */
export const newRequestId = (): string => randomUUID();

/** Headers that every answer of the server carries. */
export function identityHeaders(requestId: string): Record<string, string> {
  return { "x-api-uuid": requestId, "x-api-version": VERSION };
}
