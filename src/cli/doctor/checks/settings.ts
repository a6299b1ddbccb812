import { displayName } from "../../../settings/problems.ts";
import { CliError } from "../../exit-codes.ts";
import { type Check, type Finding, ok, problem } from "../finding.ts";

/** That they could be read: else the doctor does not come here. */
export const checkSettings: Check = async ({ settings }) => [ok(`${displayName(settings.file)}: valid`)];

/** Why they can't be read. */
export function judgeUnreadable(error: Error): Finding {
  const fix = error instanceof CliError ? error.hint : null;
  return problem(error.message, fix ?? "Mend it; the rest can be looked at then");
}
