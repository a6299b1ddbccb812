import type { Message } from "../domain/message.ts";
import type { Poster } from "../lib/outbound-post.ts";
import { attempt, type Attempt } from "./attempt.ts";
import type { Endpoint, EndpointRules } from "./endpoint.ts";

export type SentMessage = Pick<Message, "id" | "type" | "headers" | "body" | "attempts">;

export interface DeliverOptions {
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** What messages are sent to: an endpoint of the settings, or the forge that reports go to. */
export interface Destination extends Pick<
  EndpointRules,
  "ordered" | "concurrency" | "timeoutMs" | "schedule" | "jitter"
> {
  readonly name: string;
  /** Stands for where it is: another one is another destination. */
  readonly urlDigest: string;
  /** Messages with the same order key are sent one after the other. */
  readonly keyed: boolean;
  /** Tries once. Rejects only with the signal's reason. */
  deliver(message: SentMessage, options: DeliverOptions): Promise<Attempt>;
}

export const destinationOf = (endpoint: Endpoint, poster: () => Poster): Destination => ({
  ...endpoint,
  keyed: false,
  deliver: (message, options) => attempt({ endpoint, message, poster: poster(), ...options }),
});
