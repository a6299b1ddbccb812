import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import type { AcceptRow } from "./accept.ts";
import type { CommandsRow } from "./commands.ts";
import type { HistoryRow } from "./history.ts";
import type { Inputs } from "./inputs.ts";
import type { SlowResult } from "./slow.ts";
import type { LatencyRow } from "./latency.ts";
import type { ManyResult } from "./many.ts";
import type { OutboundResult } from "./outbound.ts";

const fixed = (value: number, digits = 1): string => value.toFixed(digits);
const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return line(header) + line(header.map(() => "---")) + rows.map(line).join("");
}

/** The date, the commit and the machine. */
export function whenAndWhere(): string {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const machine = `${cpus().length} cores of ${cpu?.model.trim() ?? "unknown"}, ${memory} GiB, Node ${process.version}`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit}, ${machine}`;
}

export const headReport = (args: readonly string[]): string => `# Benchmarks

The newest run of \`npm run bench -- ${args.join(" ")}\`: ${whenAndWhere()}.
The load comes from the same machine, so every server shares its cores with the sender; figures of different runs move by a
third, so only ratios within one run say something.
`;

export function acceptReport(
  rows: readonly AcceptRow[],
  { rounds, seconds, connections }: { rounds: number; seconds: number; connections: number },
): string {
  return `## Accepting

A GitHub push of 7 KB, each signed and with ids of its own, over ${connections} connections (wrk); medians of ${rounds} rounds
of ${seconds} s, the servers in turn. One action is matched; Hookwright stores the delivery and its task and syncs them to disk
before it answers, and runs nothing here. wrk signs each request itself: what it can send at all shows in the first row.

${table(
  ["server", "requests/s", "p50 ms", "p99 ms", "not 2xx or broken", "Hookwright's requests/s in ratio to it"],
  rows.map((row) => [
    row.name,
    whole(row.perSecond),
    fixed(row.p50Ms),
    fixed(row.p99Ms),
    whole(row.failures),
    fixed(row.hookwrightRatio, 2),
  ]),
)}`;
}

export const latencyReport = (rows: readonly LatencyRow[]): string => `## From request to command

An idle server, one push after the other: from the first byte sent to the command's own look at the clock (\`date\`).

${table(
  ["server", "p50 ms", "p99 ms"],
  rows.map((row) => [row.name, fixed(row.p50Ms), fixed(row.p99Ms)]),
)}`;

export const commandsReport = (
  rows: readonly CommandsRow[],
): string => `## Every accepted push runs its command

Pushes over 64 connections, each of which starts a command that appends its commit to a file; of the accepted ones are counted those
whose commit is there. Then the same with a server that is killed (\`SIGKILL\`) when half of them have been accepted, and started
again; what was not accepted is sent again. @octokit/webhooks starts a command and does not wait for it.

${table(
  [
    "server",
    "accepted",
    "commands run",
    "accepting took s",
    "all took s",
    "peak resident MB",
    "memory late / early",
    "killed half-way: accepted",
    "of which run",
    "run again",
  ],
  rows.map((row) => [
    row.name,
    whole(row.accepted),
    whole(row.ran),
    fixed(row.acceptSeconds),
    fixed(row.allSeconds),
    whole(row.peakMb),
    fixed(row.growth, 2),
    whole(row.killed.accepted),
    whole(row.killed.ran),
    whole(row.killed.repeated),
  ]),
)}`;

export const inputsReport = ({ servers, rows }: Inputs): string => `## Bad input

What a server with GitHub's signature answers to what it should not take; all else about each request is right.

${table(
  ["input", ...servers],
  rows.map(({ input, results }) => [input, ...results]),
)}`;

export const startupReport = ({ empty, used }: { empty: number; used: number }): string => `## Starting

From the start of the process to the first accepted push: ${whole(empty)} ms with an empty store, ${whole(used)} ms with one in use.
`;

export const manyReport = (
  { accepting, working, startP50Ms, startP99Ms }: ManyResult,
  { seconds, connections, tasks }: { seconds: number; connections: number; tasks: number },
): string => `## Many servers on one PostgreSQL

Each server a process of its own, PostgreSQL syncing each commit, all of it with the sender on this machine's cores: more servers
share the same cores, so this shows what they cost each other and not what more machines would bring. Accepting: the push of
above over ${connections} connections in all, for ${seconds} s.

${table(
  ["receivers", "requests/s", "worst p99 ms", "not 2xx or broken"],
  accepting.map((row) => [String(row.nodes), whole(row.perSecond), fixed(row.p99Ms), whole(row.failures)]),
)}
Working: ${whole(tasks)} waiting tasks, each of which runs \`true\`; 4 at once on each worker.

${table(
  ["workers", "tasks/s"],
  working.map((row) => [String(row.nodes), whole(row.perSecond)]),
)}
From a delivery's arrival to its task's start, on another server than the one that received it, idle: p50
${fixed(startP50Ms)} ms, p99 ${fixed(startP99Ms)} ms.
`;

export const historyReport = (
  rows: readonly HistoryRow[],
  { short, long, calls }: { short: number; long: number; calls: number },
): string => `## A long history

The product's own queries with ${whole(short)} and with ${whole(long)} ended tasks in the store, each with its delivery, a step and two lines of
log; medians of ${calls} calls, one after the other.

${table(
  ["store", "query", `ms at ${whole(short)}`, `ms at ${whole(long)}`, "ratio"],
  rows.map((row) => [
    row.store,
    row.query,
    fixed(row.shortMs, 2),
    fixed(row.longMs, 2),
    fixed(row.longMs / row.shortMs, 2),
  ]),
)}`;

export const outboundReport = (
  { perSecond, pacedPerSecond, p50Ms, p99Ms, missing }: OutboundResult,
  { burst, paced, tasksPerSecond }: { burst: number; paced: number; tasksPerSecond: number },
): string => `## Telling endpoints

Ten endpoints on this machine; one of them takes everything and never answers. Each task that ends is told to all ten, signed
(\`standard-webhooks\`); the embedded store syncs the notice with the task's end, and each message before it is sent.

${table(
  ["", "messages/s that arrived", "p50 ms", "p99 ms", "missing"],
  [
    [`${whole(burst)} tasks that ended at once`, whole(perSecond), "", "", ""],
    [
      `${whole(paced)} tasks, ${tasksPerSecond} a second: from a task's end to the first attempt's arrival`,
      whole(pacedPerSecond),
      fixed(p50Ms),
      fixed(p99Ms),
      whole(missing),
    ],
  ],
)}`;

export const slowReport = ({
  alone,
  beside,
  stopped,
  longestSeconds,
  open,
}: SlowResult): string => `## Slow senders

${whole(stopped)} connections that have stopped sending, half of them within the headers, half within the body, beside pushes as fast as
they are answered. The longest was closed after ${fixed(longestSeconds)} s; ${whole(open)} were left open.

${table(
  ["pushes", "requests/s", "p50 ms", "p99 ms", "not 2xx or broken"],
  [["alone", alone] as const, ["beside them", beside] as const].map(([name, each]) => [
    name,
    whole(each.perSecond),
    fixed(each.p50Ms),
    fixed(each.p99Ms),
    whole(each.notOk + each.socketErrors),
  ]),
)}`;
