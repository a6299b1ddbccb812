import { readFileSync } from "node:fs";

const MB = 1024 * 1024;

/** Resident memory of a process over a time, in MB. */
export interface MemoryWatch {
  stop(): { readonly peak: number; readonly samples: readonly number[] };
}

export function watchMemory(pid: number, everyMs = 250): MemoryWatch {
  const samples: number[] = [];
  const sample = (): void => {
    samples.push(resident(pid));
  };
  const timer = setInterval(sample, everyMs);
  sample();
  return {
    stop() {
      clearInterval(timer);
      return { peak: status(pid, "VmHWM"), samples };
    },
  };
}

export const resident = (pid: number): number => status(pid, "VmRSS");

function status(pid: number, field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  )?.[1];
  return Math.round((Number(kilobytes) * 1024) / MB);
}
