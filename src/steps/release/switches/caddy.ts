import { z } from "zod";
import { failure } from "../failure.ts";
import type { TrafficSwitch } from "./switch.ts";

export const caddySchema = z.strictObject({
  admin: z
    .url({ protocol: /^https?$/ })
    .default("http://127.0.0.1:2019")
    .describe("Caddy's admin API."),
  path: z
    .string()
    .regex(/^\/(?:config|id)\/[^\s?#]+\/upstreams$/, "expected /id/…/upstreams or /config/…/upstreams")
    .describe(
      "The upstreams of the `reverse_proxy` handler, such as `/id/web/upstreams` for one with `@id: web`.",
    ),
});

const ANSWER_MS = 30_000;
/** Caddy answers once the new configuration is in force. */
const SETTLE_MS = 500;

/** `PATCH` replaces a value that is there (https://caddyserver.com/docs/api#patch-configpath). */
export function caddySwitch({ admin, path }: z.infer<typeof caddySchema>): TrafficSwitch {
  const url = admin.replace(/\/+$/, "") + path;
  return {
    name: "Caddy",
    settleMs: SETTLE_MS,
    async to(port, { signal }) {
      const response = await fetch(url, {
        method: "PATCH",
        redirect: "manual",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([{ dial: `127.0.0.1:${port}` }]),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw failure(`Caddy could not be asked at ${url}`, error);
      });
      const text = (await response.text()).slice(0, 500);
      if (!response.ok) throw failure(`Caddy answered ${response.status}: ${text}`);
    },
  };
}
