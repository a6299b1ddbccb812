import { createOutboundFetch } from "../../../lib/outbound.ts";
import { formatDuration } from "../../../lib/duration.ts";
import { storeInspection } from "../../serve.ts";
import { type Check, type Finding, ok, type Patient, unknown, warning } from "../finding.ts";

/** Signatures with a time in them are taken for some minutes. */
const MUCH_MS = 30_000;
const FIX = "Have the clock set by the network: timedatectl set-ntp true";

/** Whether this machine's clock agrees with the database's and with the world's. */
export const checkClock: Check = async (patient) => {
  const found = await Promise.all([ofStore(patient), ofWorld(patient)]);
  return found.filter((each) => each !== null);
};

async function ofStore({ settings }: Patient): Promise<Finding | null> {
  if (settings.store.kind === "sqlite") return null;
  const { inspectStore } = await storeInspection();
  const { aheadMs } = await inspectStore(settings.store);
  return aheadMs === null ? null : judge(aheadMs, "the database's");
}

/** By the Date header (RFC 9110, 6.6.1), which has whole seconds. */
async function ofWorld({ settings, signal, now }: Patient): Promise<Finding> {
  const { apiUrl } = settings.github;
  const fetch = createOutboundFetch({ allowCidrs: settings.outbound.allowCidrs, timeoutMs: 10_000 });
  const host = new URL(apiUrl).host;
  try {
    const begin = now().getTime();
    const { headers } = await fetch(apiUrl, { method: "HEAD", signal });
    const theirs = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(theirs)) return unknown(`${host} does not say what time it is`);
    return judge((begin + now().getTime()) / 2 - theirs, `that of ${host}`);
  } catch {
    return unknown(`${host} can't be reached to compare clocks`, "Look at the clock yourself: timedatectl");
  }
}

function judge(aheadMs: number, whose: string): Finding {
  const off = Math.abs(aheadMs);
  if (off < MUCH_MS) return ok(`The clock agrees with ${whose}`);
  const how = `${formatDuration(Math.round(off / 1_000) * 1_000)} ${aheadMs > 0 ? "ahead of" : "behind"} ${whose}`;
  return warning(`The clock is ${how}: signed times are refused, and lists are out of order`, FIX);
}
