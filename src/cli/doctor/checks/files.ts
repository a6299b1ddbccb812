import { access, constants } from "node:fs/promises";
import { findOpenFiles } from "../../../settings/file-modes.ts";
import { nearestFolder } from "../nearest-folder.ts";
import { type Check, type Finding, ok, problem } from "../finding.ts";

/** Who can read what is secret, and whether the server can write what it has to. */
export const checkFiles: Check = async ({ settings }) => {
  const open = await findOpenFiles(settings);
  const findings: Finding[] = open.map(({ path, problem: seen, fix }) => problem(`${path} ${seen}`, fix));
  if (open.length === 0) findings.push(ok("Settings, keys and data are for this account alone"));
  return [...findings, await checkWritable(settings.dataDir)];
};

async function checkWritable(dir: string): Promise<Finding> {
  const place = nearestFolder(dir);
  const writable = await access(place, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (writable) return ok(`${dir} ${place === dir ? "can be written to" : "can be made"}`);
  return problem(`${place} can't be written to by this account`, `chown it, or run the server as its owner`);
}
