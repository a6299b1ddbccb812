import type { standardWebhooks as source } from "../sources/standard-webhooks.ts";
import { openPayload } from "./common/open-payload.ts";
import { request } from "./common/request.ts";
import { canSign, signedHeaders } from "./common/standard-webhooks.ts";
import type { Facts, OptionsOf, Sample, Sender } from "./sender.ts";

/** https://www.standardwebhooks.com */
export const standardWebhooks: Sender<OptionsOf<typeof source>> = {
  kind: "standard-webhooks",
  samples: (facts) => ({ push: sampleOf("push", facts) }),
  anyEvent: sampleOf,
  usable: (secrets) => secrets.filter(canSign),
  signsWith: "a whsec_ secret of the source, or the whsk_ key that belongs to its whpk_ one",
  make: (order) =>
    request(order, {
      agent: "standard-webhooks",
      proof: (_secret, body) => signedHeaders(order, body),
    }),
};

/** A type, a time and data, as its specification proposes. */
function sampleOf(name: string, facts: Facts): Sample {
  return {
    event: name,
    payload: { type: name, timestamp: facts.now.toISOString(), data: openPayload(facts) },
  };
}
