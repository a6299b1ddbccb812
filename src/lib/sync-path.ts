import { open } from "node:fs/promises";

/** Brings a file to the disk; of a folder, the names in it, so that they survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
