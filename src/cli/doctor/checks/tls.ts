import { readTlsPair } from "../../../lib/tls-pair.ts";
import { messageOf } from "../../../lib/message-of.ts";
import { type Check, problem } from "../finding.ts";
import { judgeEnd } from "../certificate-end.ts";

/** The server's own certificate. */
export const checkTls: Check = async ({ settings, now }) => {
  const { tls } = settings.server;
  if (tls === null) return [];
  try {
    const { validTo } = await readTlsPair(tls);
    return [judgeEnd(`The certificate ${tls.cert}`, { validTo, now: now() })];
  } catch (error) {
    return [problem(messageOf(error), "See docs/hardening.md; `hookwright check` says the same")];
  }
};
