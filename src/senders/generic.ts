import { signedBytes } from "../sources/common/signed-bytes.ts";
import { DEFAULT_HEADER, type generic as source } from "../sources/generic.ts";
import { openPayload } from "./common/open-payload.ts";
import { basic, hmac, request, seconds } from "./common/request.ts";
import type { Facts, Order, OptionsOf, Sample, Sender } from "./sender.ts";

type Options = OptionsOf<typeof source>;

/** A sender just as the settings of the source want it; what its JSON looks like they do not say. */
export const generic: Sender<Options> = {
  kind: "generic",
  samples: (facts) => ({ push: sampleOf("push", facts) }),
  anyEvent: sampleOf,
  make: (order, options) =>
    request(order, {
      agent: "hookwright",
      headers: namesOf(order, options),
      proof: (secret, body) => proofOf(order, options, { secret, body }),
    }),
};

function sampleOf(name: string, facts: Facts): Sample {
  return { event: name, payload: { event: name, ...openPayload(facts) } };
}

function namesOf({ id, event, now }: Order, options: Options): Readonly<Record<string, string>> {
  const { id_header: idHeader, event_header: eventHeader, timestamp_header: timeHeader } = options;
  return {
    ...(idHeader !== undefined && { [idHeader]: id }),
    ...(eventHeader !== undefined && { [eventHeader]: event }),
    ...(timeHeader !== undefined && { [timeHeader]: timeOf(now, options) }),
  };
}

const timeOf = (now: Date, { timestamp_format: format }: Options): string =>
  format === "date" ? now.toUTCString() : seconds(now);

interface Signing {
  readonly secret: string;
  readonly body: Buffer;
}

function proofOf({ id, now }: Order, options: Options, { secret, body }: Signing) {
  const { username, token_header: token, algorithm, encoding, header = DEFAULT_HEADER } = options;
  if (username !== undefined) return { authorization: basic(username, secret) };
  if (token !== undefined) {
    const bare = secret.replace(/^Bearer +/i, "");
    return { [token]: token === "authorization" ? `Bearer ${bare}` : bare };
  }
  const signed = signedBytes(options.signed, { id, timestamp: timeOf(now, options), body });
  const prefix = options.prefix ?? `${algorithm}=`;
  return { [header]: prefix + hmac(algorithm, secret, signed ?? body, encoding) };
}
