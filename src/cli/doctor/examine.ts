import { messageOf } from "../../lib/message-of.ts";
import { within } from "../../lib/within.ts";
import { parseSettings } from "../../settings/load.ts";
import { checkAccount } from "./checks/account.ts";
import { checkClock } from "./checks/clock.ts";
import { checkDisk } from "./checks/disk.ts";
import { checkEndpoints } from "./checks/endpoints.ts";
import { checkFiles } from "./checks/files.ts";
import { checkHooks } from "./checks/hooks.ts";
import { checkPort } from "./checks/port.ts";
import { checkPrograms } from "./checks/programs.ts";
import { checkPublicUrl } from "./checks/public-url.ts";
import { checkSecrets } from "./checks/secrets.ts";
import { checkSettings, judgeUnreadable } from "./checks/settings.ts";
import { checkStore } from "./checks/store.ts";
import { checkTls } from "./checks/tls.ts";
import { type Check, type Finding, type Patient, unknown } from "./finding.ts";

/** By what they are about, in the order in which they are shown. */
export const CHECKS: Readonly<Record<string, Check>> = {
  settings: checkSettings,
  account: checkAccount,
  programs: checkPrograms,
  files: checkFiles,
  disk: checkDisk,
  secrets: checkSecrets,
  store: checkStore,
  clock: checkClock,
  port: checkPort,
  tls: checkTls,
  "public URL": checkPublicUrl,
  endpoints: checkEndpoints,
  webhooks: checkHooks,
};

export interface Examined {
  readonly about: string;
  readonly findings: readonly Finding[];
}

const CHECK_MS = 15_000;

/** All side by side: one that hangs or fails keeps nothing from the others, and is a finding itself. Never rejects. */
export function examine(
  patient: Omit<Patient, "signal">,
  { checks = CHECKS, checkMs = CHECK_MS }: { checks?: typeof CHECKS; checkMs?: number } = {},
): Promise<Examined[]> {
  return Promise.all(
    Object.entries(checks).map(async ([about, check]) => ({
      about,
      findings: await bounded(check, patient, checkMs),
    })),
  );
}

/** What can be looked at where the settings can't be read; `error`: why they can't. Never rejects. */
export async function examineWithoutSettings(
  patient: Omit<Patient, "signal" | "settings">,
  error: Error,
): Promise<Examined[]> {
  const settings = parseSettings({ text: "sources: {}", file: null, dir: process.cwd(), env: {} });
  const checks = { account: checkAccount, programs: checkPrograms, clock: checkClock };
  const examined = await examine({ ...patient, settings }, { checks });
  return [{ about: "settings", findings: [judgeUnreadable(error)] }, ...examined];
}

async function bounded(
  check: Check,
  patient: Omit<Patient, "signal">,
  checkMs: number,
): Promise<readonly Finding[]> {
  let findings: readonly Finding[] = [unknown(`Looking took longer than ${checkMs / 1_000} seconds`)];
  const ended = new AbortController();
  const looking = check({ ...patient, signal: ended.signal }).then(
    (found) => {
      findings = found;
    },
    (error: unknown) => {
      findings = [unknown(`It could not be looked at: ${messageOf(error)}`)];
    },
  );
  await within(checkMs, looking);
  ended.abort();
  return findings;
}
