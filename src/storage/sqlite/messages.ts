import { AppError, type ErrorCode } from "../../domain/errors.ts";
import type { OperationName } from "../operations/registry.ts";

/** One call of the store, on its way to the thread that owns the database. */
export interface Call {
  readonly name: OperationName;
  readonly args: readonly unknown[];
}

export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: WireError };

/** To the thread: calls to run as one transaction, or the wish to end. */
export type Request = { readonly calls: readonly Call[] } | { readonly close: true };

/** From the thread: once when the database is open, then one for each request. */
export type Reply =
  | { readonly type: "open" }
  | { readonly type: "failed"; readonly error: WireError }
  | { readonly type: "results"; readonly results: readonly CallResult[] };

/** An error without its class, which does not survive the way between threads. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export const toWireError = (error: AppError): WireError => ({
  code: error.code,
  message: error.message,
  details: error.details,
});

export const fromWireError = ({ code, message, details }: WireError): AppError =>
  new AppError(code, message, { details, ...(code === "store:unavailable" && { retryAfter: 5 }) });

/** Bodies go over without a copy: the client has made one of its own for each. */
export function bodiesOf(calls: readonly Call[]): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const { name, args } of calls) {
    const [input] = args;
    if (name !== "storeDelivery" || typeof input !== "object" || input === null) continue;
    if ("body" in input && input.body instanceof Uint8Array && input.body.buffer instanceof ArrayBuffer) {
      buffers.push(input.body.buffer);
    }
  }
  return buffers;
}
