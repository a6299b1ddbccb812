import type { z } from "zod";
import type { HookEvent, SourceKindName } from "../domain/event.ts";
import type { RollbackRules } from "../domain/rollback.ts";

/**
 * One webhook request as it arrived. Header names are lower-case; a header sent twice is joined with `, `. Parameters of the
 * URL's query stand among them as `?name`.
 */
export interface IncomingRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** For kinds that have their secret at the end of the URL path: what stands there. Never stored. */
  readonly pathSecret?: string | null;
  /** The address of the connection itself, whatever headers say; null when it is gone. */
  readonly peer?: string | null;
  /** Who has logged in with Basic authentication; only what comes by the deploy API has one. */
  readonly user?: string;
}

/** What the settings say of one source; the part that every kind has. */
export interface SourceCredentials {
  /** Live secrets, any of which may match (rotation). Empty only with `unsafeNoAuth`. */
  readonly secrets: readonly string[];
  readonly unsafeNoAuth: boolean;
  /** For kinds with `publicKeys`: those that the sender publishes, as far as they are known. */
  readonly publishedKeys?: readonly string[];
}

/** How to learn the public keys of a sender that signs with a key of its own. Its sources have no secrets. */
export interface PublicKeys<O> {
  /** Where it publishes them; empty where the settings have them. */
  urls(options: O): readonly string[];
  /** The keys in the JSON that such a URL answers with; null when there are none in it. */
  read(answer: unknown): readonly string[] | null;
}

export type AuthFailure = "signature:missing" | "signature:invalid" | "signature:expired";

export type AuthResult =
  | {
      readonly ok: true;
      /** Identifies these signed bytes (the signature, or a digest of the body), to notice a replay under another id. */
      readonly fingerprint: string;
    }
  | { readonly ok: false; readonly code: AuthFailure; readonly explanation: string };

export type DescribeResult =
  | {
      readonly ok: true;
      readonly event: HookEvent;
      /** Further events of the same delivery: a push may change several refs. */
      readonly more?: readonly HookEvent[];
    }
  | { readonly ok: false; readonly reason: string };

/** An answer in plain text, for senders that expect certain words. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
}

/** What a kind's sender is answered, where that is not the usual JSON. The headers that identify the answer stay. */
export interface SourceAnswers {
  /** Stored, or a repetition of what was. */
  readonly accepted: PlainAnswer;
  /** Not authentic. */
  refused(request: Pick<IncomingRequest, "headers">): PlainAnswer;
}

/**
 * A kind of sender. Pure: no I/O, and no clock but the `now` passed in.
 * `O` are the kind's own settings beside those that every source has.
 */
export interface SourceKind<O = unknown> {
  readonly kind: SourceKindName;
  readonly summary: string;
  /** The kind's own settings keys; a strict object. */
  readonly schema: z.ZodType<O>;
  /** The sender's own maximum, in bytes. */
  readonly defaultBodyLimit: number;
  /** Whether a signature over the same bytes under another delivery id is a replay (true where the id is not signed). */
  fingerprintIsUnique(options: O, credentials: Pick<SourceCredentials, "secrets">): boolean;
  /**
   * Request headers that are stored, and may be logged, lower-case. Never one that carries a secret or a signature; all
   * that `eventName` and `describe` read, beside `content-type`, which is always stored.
   */
  keptHeaders(options: O): readonly string[];
  /** What is wrong with the form of a secret, for the settings; null when nothing is. Default: any will do. */
  secretProblem?(secret: string): string | null;
  /** For senders that sign with a key of their own. */
  readonly publicKeys?: PublicKeys<O>;
  /** Its webhooks come to the source's path, a `/` and the secret, for senders that can prove nothing else. Default false. */
  readonly secretInPath?: boolean;
  /** Default: JSON, as docs/sources.md says. */
  readonly answers?: SourceAnswers;
  /** May be received on `/`, which it shares with other APIs, and on `/*`, every path that nothing else has. */
  readonly takesRoot?: boolean;
  /** For kinds whose events are named `health`: what the memory of healthy revisions goes by. */
  rollbackRules?(options: O): RollbackRules;
  /** Checks the exact bytes, in constant time; the algorithm comes from the settings, never from a header. */
  authenticate(request: IncomingRequest, credentials: SourceCredentials, options: O, now: Date): AuthResult;
  /** The sender's delivery id: the same when the sender tries the same delivery again; null where it has none. */
  senderId(request: IncomingRequest, options: O): string | null;
  /** The sender's name of the event. */
  eventName(request: Pick<IncomingRequest, "headers">, options: O): string;
  /** Parses and describes an authentic body; works from stored headers and body too, for replay and explain. */
  describe(request: IncomingRequest, sourceName: string, options: O): DescribeResult;
}

export interface BoundPublicKeys {
  /** At least one. */
  readonly urls: readonly string[];
  read(answer: unknown): readonly string[] | null;
}

/** A kind with its options bound, so that callers need not know their type. */
export interface BoundSource {
  readonly name: string;
  readonly kind: SourceKindName;
  readonly bodyLimit: number;
  readonly fingerprintIsUnique: boolean;
  readonly keptHeaders: readonly string[];
  readonly secretInPath: boolean;
  /** Where the sender's public keys have to be fetched; null: nowhere. */
  readonly publicKeys: BoundPublicKeys | null;
  /** Null: the usual answers. */
  readonly answers: SourceAnswers | null;
  /** Null for kinds that report no health. */
  readonly rollbackRules: RollbackRules | null;
  /** Nothing is proved by a webhook that it takes. */
  readonly takesAnybody: boolean;
  authenticate(request: IncomingRequest, now: Date, publishedKeys?: readonly string[]): AuthResult;
  senderId(request: IncomingRequest): string | null;
  eventName(request: Pick<IncomingRequest, "headers">): string;
  describe(request: IncomingRequest): DescribeResult;
}

export interface BindSourceOptions<O> {
  readonly name: string;
  readonly kind: SourceKind<O>;
  readonly options: O;
  readonly credentials: SourceCredentials;
  readonly bodyLimit?: number | undefined;
}

/** Binds a kind to one source of the settings. */
export function bindSource<O>({
  name,
  kind,
  options,
  credentials,
  bodyLimit,
}: BindSourceOptions<O>): BoundSource {
  const keptHeaders = kind.keptHeaders(options);
  const stored = ({ headers }: IncomingRequest): Readonly<Record<string, string>> =>
    storedHeaders(headers, [...keptHeaders, "content-type"]);
  return {
    name,
    kind: kind.kind,
    bodyLimit: bodyLimit ?? kind.defaultBodyLimit,
    fingerprintIsUnique: kind.fingerprintIsUnique(options, credentials),
    keptHeaders,
    secretInPath: kind.secretInPath ?? false,
    answers: kind.answers ?? null,
    rollbackRules: kind.rollbackRules?.(options) ?? null,
    takesAnybody: credentials.unsafeNoAuth && credentials.secrets.length === 0,
    publicKeys: bindPublicKeys(kind, options, credentials),
    authenticate: (request, now, publishedKeys) =>
      kind.authenticate(
        request,
        publishedKeys === undefined ? credentials : { ...credentials, publishedKeys },
        options,
        now,
      ),
    senderId: (request) => kind.senderId(request, options),
    eventName: (request) => kind.eventName(request, options),
    describe: (request) => withHeaders(kind.describe(request, name, options), stored(request)),
  };
}

function bindPublicKeys<O>(
  { publicKeys }: SourceKind<O>,
  options: O,
  { unsafeNoAuth }: SourceCredentials,
): BoundPublicKeys | null {
  const urls = unsafeNoAuth ? [] : (publicKeys?.urls(options) ?? []);
  return publicKeys === undefined || urls.length === 0
    ? null
    : { urls, read: (answer) => publicKeys.read(answer) };
}

/** Only what is stored: else a replay could mean something else than the first time, and a secret could get into the event. */
export function storedHeaders(
  headers: IncomingRequest["headers"],
  names: readonly string[],
): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (value !== undefined && value !== "") picked[name] = value;
  }
  return picked;
}

function withHeaders(described: DescribeResult, headers: HookEvent["headers"]): DescribeResult {
  if (!described.ok) return described;
  const { event, more } = described;
  return {
    ok: true,
    event: { ...event, headers },
    ...(more !== undefined && { more: more.map((each) => ({ ...each, headers })) }),
  };
}
