// npm run crash -- --rounds 200 [--seed 1]
import { parseArgs } from "node:util";
import { runCrash } from "./rounds.ts";
import { crashTable, faultCount } from "./table.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "30" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const rounds = Number(values.rounds);
console.log(`${rounds} kills, seed ${seed}`);
const report = await runCrash({
  rounds,
  seed,
  onRound: (round) => process.stderr.write(round % 50 === 0 ? ` ${round}\n` : "."),
});
process.stderr.write("\n");
console.log(crashTable(report));
process.exitCode = faultCount(report) === 0 && report.exitCode === 0 ? 0 : 1;
