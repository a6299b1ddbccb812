// npm run bench -- [--seconds 10] [--rounds 5] [--pushes 12000] [--peers | --only accept,…] [--history 1000000] [--write]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureAccept } from "./accept.ts";
import { measureCommands } from "./commands.ts";
import { measureHistory } from "./history.ts";
import { measureInputs } from "./inputs.ts";
import { measureLatency } from "./latency.ts";
import { measureMany } from "./many.ts";
import { measureOutbound } from "./outbound.ts";
import {
  acceptReport,
  commandsReport,
  headReport,
  historyReport,
  inputsReport,
  latencyReport,
  manyReport,
  outboundReport,
  slowReport,
  startupReport,
  whenAndWhere,
} from "./report.ts";
import { withParts } from "./page.ts";
import { hasWebhook, hookwright } from "./servers.ts";
import { measureSlow } from "./slow.ts";
import { measureStartup } from "./startup.ts";
import { hasWrk } from "./wrk.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    pushes: { type: "string", default: "12000" },
    history: { type: "string", default: "1000000" },
    only: { type: "string" },
    peers: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const CONNECTIONS = 64;
/** Those in which others stand beside ours. */
const PEERS = ["accept", "latency", "commands", "inputs"];
const REPORT = join(import.meta.dirname, "../docs/benchmarks.md");

/** Each part measures, then says what it found as a piece of Markdown. */
const parts: Readonly<Record<string, (dir: string) => Promise<string>>> = {
  accept: async (dir) => {
    if (!hasWrk()) return "wrk is not installed (`apt-get install wrk`), so accepting was not measured.\n";
    const given = {
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      connections: CONNECTIONS,
    };
    return acceptReport(await measureAccept({ dir, ...given }), given);
  },
  slow: async (dir) => {
    if (!hasWrk())
      return "wrk is not installed (`apt-get install wrk`), so slow senders were not measured.\n";
    return slowReport(await measureSlow({ dir, count: 400, connections: CONNECTIONS, seconds: 6 }));
  },
  latency: async (dir) => latencyReport(await measureLatency(dir, 200)),
  commands: async (dir) => commandsReport(await measureCommands(dir, Number(values.pushes))),
  inputs: async (dir) => inputsReport(await measureInputs(dir)),
  many: async (dir) => {
    if (!hasWrk())
      return "wrk is not installed (`apt-get install wrk`), so many servers were not measured.\n";
    const given = { seconds: Number(values.seconds), connections: CONNECTIONS, tasks: 2_000, pushes: 200 };
    return manyReport(await measureMany({ dir, ...given }), given);
  },
  history: async (dir) => {
    const given = { short: 10_000, long: Number(values.history), calls: 300 };
    return historyReport(await measureHistory({ dir, ...given }), given);
  },
  outbound: async (dir) => {
    const given = { burst: 2_000, paced: 1_000, tasksPerSecond: 110 };
    return outboundReport(await measureOutbound({ dir, ...given }), given);
  },
  startup: async (dir) => startupReport(await measureStartup(dir, 5)),
};

/** The first start after an installation compiles and keeps what it compiled; all others find it. */
async function warmUp(folder: string): Promise<void> {
  const server = await hookwright({ actions: '  none: { steps: [{ run: ["true"] }] }\n' }).start(
    join(folder, "warm-up"),
  );
  await server.stop();
}

/** The page anew, or some of its parts, each with the run that it is of. */
function write(pieces: readonly string[], whole: boolean): void {
  const args = process.argv.slice(2);
  const page = whole
    ? [headReport(args), ...pieces].join("\n")
    : withParts(
        readFileSync(REPORT, "utf8"),
        pieces.map(
          (piece) =>
            `${piece.trimEnd()}\n\nOf a run of its own, \`npm run bench -- ${args.join(" ")}\`: ${whenAndWhere()}.\n`,
        ),
      );
  writeFileSync(REPORT, page);
}

const dir = mkdtempSync(join(tmpdir(), "hookwright-bench-"));
try {
  if (!hasWebhook()) process.stderr.write("webhook is not installed (`apt-get install webhook`): no peer.\n");
  await warmUp(dir);
  const chosen = values.only?.split(",") ?? (values.peers ? PEERS : null);
  const pieces: string[] = [];
  for (const name of chosen ?? Object.keys(parts)) {
    const measure = parts[name];
    if (measure === undefined) throw new Error(`There is no part ${name}: ${Object.keys(parts).join(", ")}`);
    process.stderr.write(`${name} …\n`);
    const piece = await measure(dir);
    process.stdout.write(`${piece}\n`);
    pieces.push(piece);
  }
  if (values.write) write(pieces, chosen === null);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
