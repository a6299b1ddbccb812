import { AppError } from "../../domain/errors.ts";

export const failure = (message: string, cause?: unknown): AppError =>
  new AppError("step:failed", message, { cause });
