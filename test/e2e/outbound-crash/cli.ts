// npm run crash:outbound -- --events 10000 --kills 20 [--seed 1]
import { parseArgs } from "node:util";
import { runOutboundCrash } from "./rounds.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "10000" },
    kills: { type: "string", default: "20" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
console.log(`${values.events} events, ${values.kills} kills, seed ${seed}`);
const report = await runOutboundCrash({ events: Number(values.events), kills: Number(values.kills), seed });
console.log(JSON.stringify({ ...report, missing: report.missing.length }));
process.exitCode = report.missing.length + report.undelivered === 0 ? 0 : 1;
