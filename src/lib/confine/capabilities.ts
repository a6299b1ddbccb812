import { readFileSync } from "node:fs";

/** Numbers of capabilities(7): what it takes to become another account, to give it a folder, to enter that, and to find and end what it runs. */
const NEEDED = {
  CAP_CHOWN: 0n,
  CAP_DAC_READ_SEARCH: 2n,
  CAP_KILL: 5n,
  CAP_SETGID: 6n,
  CAP_SETUID: 7n,
  CAP_SYS_PTRACE: 19n,
} as const;

/** What this process lacks to run commands as other accounts; nothing for root. */
export function missingCapabilities(): string[] {
  if (process.getuid?.() === 0) return [];
  const own = capabilities("CapEff");
  return Object.entries(NEEDED)
    .filter(([, bit]) => (own & (1n << bit)) === 0n)
    .map(([name]) => name);
}

let ambient: bigint | undefined;

/** True where what this process starts would have capabilities of its: looked up once, for they do not come by themselves. */
export function handsCapabilitiesOn(): boolean {
  ambient ??= capabilities("CapAmb");
  return ambient !== 0n;
}

/** A set of this process, as proc(5) shows it; empty where there is no /proc. */
function capabilities(set: "CapEff" | "CapAmb"): bigint {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const [, hex = "0"] = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(status) ?? [];
    return BigInt(`0x${hex}`);
  } catch {
    return 0n;
  }
}
