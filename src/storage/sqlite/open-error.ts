import { AppError } from "../../domain/errors.ts";
import { messageOf } from "../../lib/message-of.ts";

/** Why the database at `path` can't be opened, as `store:unavailable` where it is nothing more special. */
export function openError(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("store:unavailable", `The database ${path} can't be opened: ${messageOf(error)}`);
}
