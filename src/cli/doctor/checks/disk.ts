import { statfs } from "node:fs/promises";
import { sizeOf } from "../../sizes.ts";
import { nearestFolder } from "../nearest-folder.ts";
import { type Check, type Finding, ok, problem, warning } from "../finding.ts";

const LITTLE = 2_000_000_000;
const NOTHING = 200_000_000;
const FEW_INODES = 10_000;

/** Where data and clones lie. */
export const checkDisk: Check = async ({ settings }) => {
  const findings: Finding[] = [];
  for (const dir of new Set([settings.dataDir, settings.work.dir])) findings.push(...(await checkPlace(dir)));
  return findings;
};

async function checkPlace(dir: string): Promise<Finding[]> {
  const { bavail, bsize, ffree, files } = await statfs(nearestFolder(dir));
  const free = bavail * bsize;
  const fix =
    "Free some, or keep less (docs/retention.md): a webhook that can't be stored is answered with 503";
  const findings: Finding[] = [];
  if (free < NOTHING) findings.push(problem(`${dir} has ${sizeOf(free)} left`, fix));
  else if (free < LITTLE) findings.push(warning(`${dir} has ${sizeOf(free)} left`, fix));
  else findings.push(ok(`${dir} has ${sizeOf(free)} left`));
  // Some file systems have no bound on them, and say 0.
  if (files > 0 && ffree < FEW_INODES)
    findings.push(warning(`${dir} has room for ${ffree} more files only`, "Remove files that nobody needs"));
  return findings;
}
