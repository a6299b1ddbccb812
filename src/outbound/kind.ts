import type { z } from "zod";
import type { Notice, NoticeType } from "../domain/notice.ts";
import type { Links } from "./links.ts";

/** What an endpoint is sent; made once, so that every attempt sends the same bytes. */
export interface Rendered {
  readonly body: string;
  /** Lower-case names; `content-type` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What is signed anew for each attempt. */
export interface Signable {
  /** Of the message: the same in every attempt. */
  readonly id: string;
  readonly type: NoticeType;
  readonly body: string;
  readonly now: Date;
  /** 1, 2, 3 … */
  readonly attempt: number;
}

/** A kind of receiver. Pure: no I/O, and no clock but the one passed in. `O` are the kind's own settings. */
export interface EndpointKind<O = unknown> {
  readonly kind: string;
  readonly summary: string;
  /** The kind's own settings keys; a strict object. */
  readonly schema: z.ZodType<O>;
  /** `none`: it has no way to show one. */
  readonly secret: "required" | "optional" | "none";
  /** What is wrong with the form of a secret; null when nothing is. Default: any will do. */
  secretProblem?(secret: string): string | null;
  /** Whoever knows the URL may send there, so it is as secret as a password. */
  readonly urlIsSecret?: boolean;
  /** What it has a way to say; default: everything. */
  readonly types?: readonly NoticeType[];
  /** The texts in which `${{ }}` may stand, by the key that they are below. Default: none. */
  templates?(options: O): Readonly<Record<string, readonly string[]>>;
  /** What expressions there can refer to. */
  readonly variables?: readonly string[];
  /** Default: POST. */
  method?(options: O): string;
  /** Where messages go, if not to the URL itself. */
  target?(url: string): string;
  render(notice: Notice, options: O, context: RenderContext): Rendered;
  /** Headers that prove who sends; none without a secret. Several secrets: all live, the first is the newest. */
  sign?(message: Signable, secrets: readonly string[], options: O): Readonly<Record<string, string>>;
}

export interface RenderContext {
  readonly links: Links;
  /** As the settings have it. */
  readonly url: string;
}

export const JSON_TYPE = { "content-type": "application/json" } as const;

/** For kinds whose header has room for one signature: with two secrets live the attempts take turns. */
export const secretInTurn = (secrets: readonly string[], attempt: number): string | undefined =>
  secrets[(attempt - 1) % Math.max(1, secrets.length)];
