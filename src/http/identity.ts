import { randomUUID } from "node:crypto";
import { REQUEST_ID_HEADER } from "../domain/delivery.ts";
import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;

/** Of the HTTP APIs, by semver: its major version is the one in their paths (`/1/`, `/api/v1/`), as clients of `/1/` were told. */
export const API_VERSION = "1.0.0";

/** The value of `x-api-uuid`: unique per request, shown in its log lines and as `instance` of a problem. */
export const newRequestId = (): string => randomUUID();

/** Headers that every answer of the server carries. */
export function identityHeaders(requestId: string): Record<string, string> {
  return { [REQUEST_ID_HEADER]: requestId, "x-api-version": API_VERSION };
}
