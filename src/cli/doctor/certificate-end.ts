import { type Finding, ok, problem, warning } from "./finding.ts";

const DAY_MS = 86_400_000;
/** Less than what is left when automatic renewal has failed for a while (Let's Encrypt: 30 days of 90). */
const SOON_DAYS = 14;

export function judgeEnd(
  name: string,
  { validTo, now }: { readonly validTo: Date; readonly now: Date },
): Finding {
  const days = Math.floor((validTo.getTime() - now.getTime()) / DAY_MS);
  const day = validTo.toISOString().slice(0, 10);
  if (days < 0) return problem(`${name} ended on ${day}: senders refuse it`, "Renew it");
  if (days < SOON_DAYS)
    return warning(`${name} ends on ${day}, in ${days} days`, "See why it is not renewed");
  return ok(`${name} is good until ${day}`);
}
