import { currentRelease } from "../../domain/release.ts";
import { readCurrent, removeRelease } from "../../lib/releases/folders.ts";
import type { DeployInput } from "./deploy.ts";
import type { Runtime } from "./runtime.ts";

export interface RecoverInput extends DeployInput {
  readonly runtime: Runtime;
}

/**
 * After the death of a server that was putting a release in use: the one that was in use before is again, unless nothing of
 * it had been touched yet. Rejects when it can't be put back; then the next release clears up.
 */
export async function recover({ options, dir, context, runtime }: RecoverInput): Promise<void> {
  const { releases: book, log, taskId } = context;
  const known = await book.list(options.app);
  const left = known.filter(
    (release) => release.state === "preparing" && release.taskId === taskId && release.dir === dir,
  );
  const before = currentRelease(known)?.id ?? null;
  const isOff = (await readCurrent(dir)) !== before;
  if (isOff || (await runtime.isTouched(left.map(({ id }) => id)))) {
    await runtime.putBack(before, context);
    log(`The server died while ${options.app} was changed: it is back at ${before ?? "no release"}`);
  }
  for (const release of left) {
    await removeRelease(dir, release.id);
    await book.put({ ...release, state: "failed" });
    log(`The release ${release.id} was left unfinished by the server that died`);
  }
}
