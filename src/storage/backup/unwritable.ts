import { AppError } from "../../domain/errors.ts";

/** Whether a folder did not take what was to be written: the fault is neither the store's nor the backup's. */
const isOfWriting = (error: unknown): error is Error =>
  error instanceof Error && "syscall" in error && error.syscall !== "read";

/** Does what writes to the folder. Rejects `backup:unwritable` where that can't be: it is full, or no folder. */
export async function writingTo<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isOfWriting(error)) throw error;
    throw new AppError("backup:unwritable", `${folder} can't be written to: ${error.message}`, {
      cause: error,
    });
  }
}
