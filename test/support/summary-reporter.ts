import type { Reporter, TestModule } from "vitest/node";

/** Prints, as the last line of a run, how many tests passed and failed: what a machine that reads the output looks for. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const states = modules.flatMap((each) =>
      [...each.children.allTests()].map((test) => test.result().state),
    );
    const count = (wanted: string): number => states.filter((state) => state === wanted).length;
    // A file that could not be loaded has no tests that could fail, and an error outside of tests belongs to none.
    const broken = modules.filter((each) => each.errors().length > 0).length + errors.length;
    const skipped = count("skipped");
    const parts = [`${count("passed")} passed`, `${count("failed") + broken} failed`];
    if (skipped > 0) parts.push(`${skipped} skipped`);
    // After the other reporters have had their say.
    process.once("exit", () => process.stdout.write(`${parts.join(", ")}\n`));
  }
}
