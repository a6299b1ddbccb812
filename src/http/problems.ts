import { AppError, type ErrorCode } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** RFC 9457 problem details, with our stable code and the error's own details as further members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** The request's `x-api-uuid`. */
  readonly instance: string;
  readonly [detail: string]: unknown;
}

/** The one mapping from an error to what the client is told. Give it what `toAppError` returned. */
export function toProblem(error: AppError, requestId: string): Problem {
  const standard = {
    type: `urn:hookwright:error:${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    detail: error.message,
    instance: requestId,
  };
  // First in their order, and last so that no detail takes their place.
  return { ...standard, ...error.details, ...standard };
}

/** Headers that belong to a problem, beside its content type. */
export function problemHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.retryAfter !== undefined) headers["retry-after"] = String(Math.ceil(error.retryAfter));
  if (error.status === 401 && error.code.startsWith("auth:")) {
    headers["www-authenticate"] = 'Bearer realm="hookwright"';
  }
  return headers;
}

export interface ReportOptions {
  readonly logger: Logger;
  readonly requestId: string;
}

/** Any thrown thing as an AppError. What nobody foresaw is logged with its stack and told to nobody. */
export function toAppError(error: unknown, { logger, requestId }: ReportOptions): AppError {
  const known = error instanceof AppError ? error : fromFramework(error);
  if (known !== null && known.code !== "internal") {
    if (known.status >= 500) logger.warn({ requestId, code: known.code }, known.message);
    return known;
  }
  logger.error({ requestId, err: error }, "a request failed unexpectedly");
  return new AppError("internal", "Something went wrong on the server; its log says more");
}

const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body:too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "body:unsupported",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "body:malformed",
};

/** fastify's own refusals: they carry a code, and a status below 500. */
function fromFramework(error: unknown): AppError | null {
  if (!(error instanceof Error)) return null;
  const known = "code" in error ? FRAMEWORK_CODES[String(error.code)] : undefined;
  if (known !== undefined) return new AppError(known, error.message, { cause: error });
  const statusCode = "statusCode" in error ? error.statusCode : null;
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode >= 500) return null;
  return new AppError("request:invalid", error.message, { cause: error });
}
