import type { EventName, SourceKindName } from "../domain/event.ts";
import type { SourceKind } from "../sources/source.ts";

/** What a made-up event is about. */
export interface Facts {
  /** `owner/name`. */
  readonly repository: string;
  /** HTTP URL of the repository; null: at the sender's usual host. */
  readonly cloneUrl: string | null;
  readonly branch: string;
  readonly tag: string;
  /** Commit ids: the new one, and the one before. */
  readonly sha: string;
  readonly before: string;
  readonly message: string;
  /** The sender's own word for how a build or an application is; null: its word for success. */
  readonly status: string | null;
  /** Of a pull request: whether it is a draft, and whether it comes from a fork. */
  readonly draft: boolean;
  readonly fork: boolean;
  readonly now: Date;
}

/** An event as its sender would tell it. */
export interface Sample {
  /** The sender's own name for it. */
  readonly event: string;
  readonly payload: unknown;
}

/** A webhook to be made. */
export interface Order {
  /** The sender's own name of the event. */
  readonly event: string;
  /** Text of the JSON. */
  readonly json: string;
  /** As a form with the JSON in its field `payload`, for senders that can. */
  readonly form: boolean;
  /** Delivery id. */
  readonly id: string;
  /** What it signs with; null: it carries no proof. */
  readonly secret: string | null;
  readonly now: Date;
}

/** A webhook as it goes out. Header names are lower-case. */
export interface MadeRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** For kinds with the secret in the URL: what stands there. */
  readonly pathSecret: string | null;
}

/** The other side of a source kind: makes webhooks as such a sender does. Pure: `Order` and `Facts` have the clock. */
export interface Sender<O = unknown> {
  readonly kind: SourceKindName;
  /** Our name of an event → that event as the sender tells it. At least one. */
  samples(facts: Facts, options: O): Readonly<Partial<Record<EventName, Sample>>>;
  /** Makes an event of any other name, for kinds whose senders name events as they like. */
  anyEvent?(name: string, facts: Facts, options: O): Sample;
  /** Sends forms, not plain JSON. Default false. */
  readonly sendsForms?: boolean;
  /** A repository that such a source takes events of, where it does not take all. */
  usualRepository?(options: O): string | null;
  /** Those of a source's secrets that a sender can sign with. Default: all. */
  usable?(secrets: readonly string[]): readonly string[];
  /** What to sign with where no secret of the source will do, for people. */
  readonly signsWith?: string;
  make(order: Order, options: O): MadeRequest;
}

/** The options that a kind's schema reads. */
export type OptionsOf<K> = K extends SourceKind<infer O> ? O : never;
