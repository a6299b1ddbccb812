import { anEndpoint } from "../../outbound/build.ts";
import type { Endpoint } from "../../../src/outbound/endpoint.ts";

/** Tried again soon and often, so that a test need not wait. */
export const crashEndpoint = (url: string): Endpoint =>
  anEndpoint({
    kind: "standard-webhooks",
    url,
    secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    schedule: [0, ...Array.from({ length: 49 }, () => 20)],
    timeoutMs: 2_000,
  });
