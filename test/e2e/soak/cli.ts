// npm run soak -- --minutes 60 [--rate 500] [--followers 200] [--kill-every 20] [--calm 10] [--seed 1] [--json] [--write]
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { faultCount } from "./report.ts";
import { runSoak } from "./run.ts";
import { soakPage, soakTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    rate: { type: "string", default: "500" },
    followers: { type: "string", default: "200" },
    "kill-every": { type: "string", default: "20" },
    calm: { type: "string" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const PAGE = join(import.meta.dirname, "../../../docs/soak.md");
/** Of the whole time, so much without kills: at most a quarter, and ten minutes. */
const [CALM_SHARE, MOST_CALM] = [0.25, 10];

const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
process.stderr.write(`${minutes} minutes, seed ${seed}\n`);
const report = await runSoak({
  minutes,
  calmMinutes: Number(values.calm ?? Math.min(MOST_CALM, minutes * CALM_SHARE)),
  killEverySeconds: Number(values["kill-every"]),
  perSecond: Number(values.rate),
  followers: Number(values.followers),
  seed,
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${values.json ? JSON.stringify(report) : soakTable(report)}\n`);
if (values.write) writeFileSync(PAGE, soakPage(report));
process.exitCode = faultCount(report) === 0 ? 0 : 1;
