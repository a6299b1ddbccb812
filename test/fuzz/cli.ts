// npm run fuzz -- --count 200000 [--seed 1]
import { parseArgs } from "node:util";
import { runFuzz } from "./run.ts";

const { values } = parseArgs({
  options: { count: { type: "string", default: "200000" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const report = await runFuzz({
  count: Number(values.count),
  seed,
  onProgress: (sent, rss) => process.stderr.write(`${sent} sent, ${Math.round(rss)} MiB at most\n`),
});
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.faults.length === 0 ? 0 : 1;
