import { randomBytes } from "node:crypto";
import { EVENT_NAMES } from "../domain/event.ts";
import { nearest } from "../lib/nearest.ts";
import type { Facts } from "../senders/sender.ts";
import type { SigningSource } from "../settings/signing-source.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { senderOf } from "./make-webhook.ts";

/** What a person says of the event that is to be made up. */
export interface Told {
  readonly branch: string;
  readonly tag: string;
  readonly repository?: string | undefined;
  readonly sha?: string | undefined;
  readonly message: string;
  readonly status?: string | undefined;
  readonly draft: boolean;
  readonly fork: boolean;
}

/** A new commit each time: senders that give no id are known again by what they say. */
const randomSha = (): string => randomBytes(20).toString("hex");

function factsOf(told: Told, source: SigningSource): Facts {
  const { usualRepository } = senderOf(source);
  return {
    ...told,
    repository: told.repository ?? usualRepository?.(source.options) ?? "octo/app",
    cloneUrl: null,
    sha: told.sha ?? randomSha(),
    before: randomSha(),
    status: told.status ?? null,
    now: new Date(),
  };
}

export interface MadeEvent {
  /** The sender's own name for it. */
  readonly event: string;
  readonly json: string;
}

/**
 * An event by our name or the sender's own, as the source's sender tells it; `payload` is its JSON instead of a made-up one.
 * Rejects an event that can't be made up.
 */
export function madeEvent(
  source: SigningSource,
  name: string,
  { payload, ...told }: Told & { readonly payload: string | null },
): MadeEvent {
  const sender = senderOf(source);
  const facts = factsOf(told, source);
  const samples = sender.samples(facts, source.options);
  const ours = EVENT_NAMES.find((each) => each === name);
  const sample =
    (ours === undefined ? undefined : samples[ours]) ??
    Object.values(samples).find(({ event }) => event === name) ??
    sender.anyEvent?.(name, facts, source.options);
  if (payload !== null) return { event: sample?.event ?? name, json: payload };
  if (sample === undefined) throw unknownEvent(sender.kind, name, Object.keys(samples));
  return { event: sample.event, json: JSON.stringify(sample.payload) };
}

function unknownEvent(kind: string, name: string, names: readonly string[]): CliError {
  const meant = nearest(name, names);
  const hint = meant === null ? "" : `Did you mean ${meant}? `;
  return new CliError(
    EXIT.usage,
    `${kind} has no event ${name} that can be made up; it has ${names.join(", ")}`,
    `${hint}Give the JSON of another with --payload FILE`,
  );
}
