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
