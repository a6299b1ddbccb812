import { createHash } from "node:crypto";
import type { Notice, NoticeType } from "../domain/notice.ts";
import type { EndpointKind, RenderContext, Rendered, Signable } from "./kind.ts";

/** A configured receiver of our webhooks: its kind with its options bound, so that callers need not know their type. */
export interface Endpoint extends EndpointRules {
  readonly name: string;
  readonly kind: string;
  /** As the settings have it; may be a secret. */
  readonly url: string;
  /** The URL as people may see it. */
  readonly shownUrl: string;
  /** Stands for the URL: another URL is another endpoint. */
  readonly urlDigest: string;
  readonly method: string;
  /** Where messages go. */
  readonly target: string;
  /** Whether it has a way to say this. */
  says(type: NoticeType): boolean;
  render(notice: Notice, links: RenderContext["links"]): Rendered;
  sign(message: Signable): Readonly<Record<string, string>>;
}

/** What the settings say of an endpoint of any kind. */
export interface EndpointRules {
  readonly events: readonly NoticeType[];
  /** Nothing but failures, and the recovery from them where they are grouped. */
  readonly onlyFailures: boolean;
  /** Failures of one action within this time are told of together; null: each. */
  readonly groupMs: number | null;
  /** One message after the other, in the order in which they came about. */
  readonly ordered: boolean;
  /** Messages on their way at once, from each server. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Milliseconds before each attempt, from the attempt before; the first is for the first attempt. */
  readonly schedule: readonly number[];
  /** By how much of itself each wait is varied, 0 to 1. */
  readonly jitter: number;
}

export interface BindEndpointOptions<O> {
  readonly name: string;
  readonly kind: EndpointKind<O>;
  readonly options: O;
  readonly url: string;
  readonly secrets: readonly string[];
  readonly rules: EndpointRules;
}

export function bindEndpoint<O>(input: BindEndpointOptions<O>): Endpoint {
  const { name, kind, options, url, secrets, rules } = input;
  return {
    ...rules,
    name,
    kind: kind.kind,
    url,
    shownUrl: kind.urlIsSecret === true ? `${new URL(url).origin}/…` : withoutPassword(url),
    urlDigest: createHash("sha256").update(url).digest("base64url"),
    method: kind.method?.(options) ?? "POST",
    target: kind.target?.(url) ?? url,
    says: (type) => kind.types === undefined || kind.types.includes(type),
    render: (notice, links) => kind.render(notice, options, { links, url }),
    sign: (message) => (secrets.length === 0 ? {} : (kind.sign?.(message, secrets, options) ?? {})),
  };
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  if (url.search !== "") url.search = "?…";
  return url.href;
}
