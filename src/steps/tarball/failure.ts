import { AppError } from "../../domain/errors.ts";

/** AppError `step:failed` whose step has the output `error`, by which others can tell what went wrong. */
export const tarballFailure = (error: string, message: string, cause?: unknown): AppError =>
  new AppError("step:failed", message, { details: { error }, cause });
