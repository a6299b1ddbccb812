// npm run fuzz -- [--count 200000] [--parsers 20000] [--seed 1]
import { parseArgs } from "node:util";
import { PARSERS } from "./parsers/parsers.ts";
import { fuzzParser } from "./parsers/run.ts";
import { runFuzz } from "./run.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200000" },
    /** Inputs for each parser. */
    parsers: { type: "string", default: "20000" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const faults = [];
for (const name of Object.keys(PARSERS)) {
  const fault = await fuzzParser(name, { count: Number(values.parsers), seed });
  process.stderr.write(`${name}: ${fault === null ? "well" : fault.what}\n`);
  if (fault !== null) faults.push(fault);
}
const report = await runFuzz({
  count: Number(values.count),
  seed,
  onProgress: (sent, rss) => process.stderr.write(`${sent} sent, ${Math.round(rss)} MiB at most\n`),
});
console.log(JSON.stringify({ ...report, parsers: faults }, null, 2));
process.exitCode = report.faults.length === 0 && faults.length === 0 ? 0 : 1;
