import { parseArgs } from "node:util";
import { runFaults } from "../test/support/faults.ts";

/** `npm run faults -- --count 200`: the long form of test/e2e/nodes.postgres.test.ts. Ends with 1 when anything was lost. */
const { values } = parseArgs({ options: { count: { type: "string", default: "200" } } });
const report = await runFaults({
  count: Number(values.count),
  onFault: (number, fault) => console.log(`${number}/${values.count}  ${fault}`),
});
console.log(JSON.stringify(report, null, 2));
const { lost, unended, overlapping, repeated } = report;
if (lost.length + unended.length + overlapping.length + repeated.length > 0) process.exit(1);
