import { whenAndWhere } from "../../../bench/report.ts";
import type { Flatness } from "./memory.ts";
import { faultCount, judgesMemory, type Percentiles, type SoakReport } from "./report.ts";

type Row = readonly [what: string, value: string];

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const times = ({ p50, p99 }: Percentiles): string => `p50 ${p50} ms, p99 ${p99} ms`;
const flat = ({ firstMb, lastMb }: Flatness): string =>
  `${whole(firstMb)} → ${whole(lastMb)} MB (${(lastMb / firstMb).toFixed(2)})`;

/** What must be nothing. */
function faultRows({ faults, badSignatures, died }: SoakReport): Row[] {
  const rows: readonly (readonly [string, number])[] = [
    ["acknowledged deliveries lost", faults.lost.length],
    ["deliveries on record or started twice", faults.startedTwice.length],
    ["repetitions answered otherwise than the first", faults.wrongRepetitions.length],
    ["tasks without an end", faults.stuck.length],
    ["commands left running", faults.orphans.length],
    ["tasks run twice that must not be", faults.ranTwice.length],
    ["tasks that succeeded, but never ran", faults.neverRan.length],
    ["tasks that failed, but were not undone", faults.notUndone.length],
    ["notices missing at the healthy endpoint", faults.noticesMissing.length],
    ["notices with a wrong signature", badSignatures],
    ["logs followed with a line missing, twice or out of order", faults.wrongLogs.length],
    ["followers that gave up", faults.followersFailed.length],
    ["servers that ended by themselves", died],
  ];
  return rows.map(([what, count]) => [what, whole(count)]);
}

function loadRows(report: SoakReport): Row[] {
  const { load, options, seconds, kills, restartMs, outcomes, followers, endpoints, latencyMs } = report;
  const refused = Object.entries(load.refused).map(([status, count]) => `${whole(count)} × ${status}`);
  return [
    [
      "minutes",
      `${options.minutes}, the last ${options.calmMinutes} without kills; ${whole(seconds)} s in all`,
    ],
    ["kills", whole(kills)],
    [
      "from a kill to the next server's first answer",
      `median ${whole(restartMs.median)} ms, longest ${whole(restartMs.longest)} ms`,
    ],
    [
      "deliveries sent",
      `${whole(load.sent)} (${options.perSecond} a second; held back ${whole(load.heldBack)})`,
    ],
    ["acknowledged", whole(load.acknowledged)],
    ["requests that broke off", whole(load.broken)],
    ["requests refused", refused.join(", ") || "0"],
    ["taken although the sender saw no answer", whole(load.takenUnseen)],
    ["sent once more on purpose", whole(load.repeated)],
    ["accepting, while it was killed", times(latencyMs.killed)],
    ["accepting, without kills", times(latencyMs.calm)],
    ...Object.entries(outcomes).map(([outcome, count]): Row => [`tasks: ${outcome}`, whole(count)]),
    [
      "followers",
      `${options.followers}; ${whole(followers.finished)} logs to their end, ${whole(followers.lines)} lines, ${whole(followers.reconnects)} reconnects`,
    ],
    ["notices that the healthy endpoint took", whole(endpoints.taken)],
    ["attempts at the endpoint that never answers", whole(endpoints.unanswered)],
  ];
}

function memoryRows(report: SoakReport): Row[] {
  const { killed, calm, peakMb } = report.memory;
  return [
    ["resident, first third → last third: across kills", flat(killed)],
    ["resident, first third → last third: without kills", flat(calm)],
    ["peak resident", `${whole(peakMb)} MB`],
  ];
}

/** For people; of what must not be, every case by name. */
export function soakTable(report: SoakReport): string {
  const rows = [...loadRows(report), ...memoryRows(report), ...faultRows(report)];
  const width = Math.max(...rows.map(([what]) => what.length)) + 2;
  const cases = Object.entries(report.faults).flatMap(([name, found]) =>
    found.map((each) => `${name}: ${each}`),
  );
  const verdict = faultCount(report) === 0 ? "Nothing is broken." : `Broken: ${faultCount(report)}`;
  return [...rows.map(([what, value]) => what.padEnd(width) + value), ...cases.slice(0, 100), verdict].join(
    "\n",
  );
}

/** As docs/soak.md. */
export function soakPage(report: SoakReport): string {
  const table = (rows: readonly Row[]): string =>
    ["| | |", "| --- | --- |", ...rows.map(([what, value]) => `| ${what} | ${value} |`)].join("\n");
  const { minutes, killEverySeconds, perSecond, followers } = report.options;
  return `# Soak

The newest run of \`npm run soak -- --minutes ${minutes} --write\`: ${whenAndWhere()}.

Everything at once, on one machine: eight kinds of senders, each with its own signature, send ${perSecond} deliveries a second; one in ten
starts a task that runs commands, of which some fail and are undone, are tried again, are cancelled, or print for eight seconds;
${followers} followers read those logs; one endpoint is told of every end and checks the signatures, another accepts connections and
never answers. The server is a process of its own, killed (\`SIGKILL\`) every ${killEverySeconds} seconds and started again, and not killed at the
end. What got no 2xx is sent again with the same id and bytes, as senders do; some are sent again although they were answered, or
twice at once. \`retention\` is five minutes and \`hookwright prune\` runs every minute, so that the store forgets as it would in a year.

What was answered is looked for in the store after every restart. All of it shares the cores with the server.

## What must be nothing

${table(faultRows(report))}

## What it went through

${table(loadRows(report))}

## Memory

${table(memoryRows(report))}
${judgesMemory(report) ? "" : "\nThe run was too short for memory to say anything.\n"}`;
}
