import { createHmac } from "node:crypto";
import type { HmacAlgorithm } from "../../lib/signatures.ts";
import type { MadeRequest, Order } from "../sender.ts";

const FORM = "application/x-www-form-urlencoded";

/** The body of a webhook, and the header that says what it is. */
export function bodyOf({ json, form }: Pick<Order, "json" | "form">): {
  readonly body: Buffer;
  readonly contentType: string;
} {
  return form
    ? { body: Buffer.from(new URLSearchParams({ payload: json }).toString()), contentType: FORM }
    : { body: Buffer.from(json), contentType: "application/json" };
}

export interface RequestParts {
  readonly agent: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that prove the sender, given the bytes of the body and the text of the JSON; asked only if there is a secret. */
  readonly proof?: (secret: string, body: Buffer) => Readonly<Record<string, string>>;
}

/** A webhook with the headers that every sender has, and its own. */
export function request(order: Order, { agent, headers = {}, proof }: RequestParts): MadeRequest {
  const { body, contentType } = bodyOf(order);
  const proofs = order.secret === null ? {} : (proof?.(order.secret, body) ?? {});
  return {
    headers: { "content-type": contentType, "user-agent": agent, ...headers, ...proofs },
    body,
    pathSecret: null,
  };
}

export const hmac = (
  algorithm: HmacAlgorithm,
  key: string | Buffer,
  signed: string | Buffer,
  encoding: "hex" | "base64" = "hex",
): string => createHmac(algorithm, key).update(signed).digest(encoding);

/** HTTP Basic. */
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

/** Seconds since 1970. */
export const seconds = (now: Date): string => String(Math.floor(now.getTime() / 1_000));
