import type { CrashReport } from "./rounds.ts";

/** The report for people; of what must not be, every case by name. */
export function crashTable(report: CrashReport): string {
  const { faults, counts, outcomes } = report;
  const rows: [string, string | number][] = [
    ["seed", report.seed],
    ["kills", report.kills],
    ["deliveries sent", report.sent],
    ["acknowledged", report.acknowledged],
    ["requests that broke off", counts.broken],
    ["requests refused (503)", counts.refused],
    ["answered as a repetition", counts.repeated],
    ...Object.entries(outcomes).map(([outcome, count]): [string, number] => [`tasks: ${outcome}`, count]),
    ["tasks taken up again", report.takenUpAgain],
    ["undos given up after 3 deaths", report.givenUp],
    ["acknowledged deliveries lost", faults.lost.length],
    ["deliveries started twice", faults.startedTwice.length],
    ["tasks without an end", faults.withoutEnd.length],
    ["succeeded, but never ran", faults.neverRan.length],
    ["stopped, but not undone", faults.notUndone.length],
    ["tasks of one group overlapping", faults.overlapping.length],
    ["commands left running", report.leftRunning.length],
    ["seconds", report.seconds.toFixed(1)],
  ];
  const cases = Object.entries({ ...faults, leftRunning: report.leftRunning }).flatMap(([name, found]) =>
    found.map((each) => `${name}: ${each}`),
  );
  return [...rows.map(([name, value]) => `${name.padEnd(34)}${value}`), ...cases].join("\n");
}

/** Of what must not be, how much there was. */
export const faultCount = ({ faults, leftRunning }: CrashReport): number =>
  leftRunning.length + Object.values<readonly string[]>({ ...faults }).flat().length;
