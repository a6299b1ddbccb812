import { CommanderError } from "commander";
import { globalsOf } from "./command.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { createOutput, onGone } from "./output.ts";
import { createProgram } from "./program.ts";
import { reportOf } from "./report.ts";

// From the start on: also `--help | head -1` must end in peace.
onGone(() => undefined);
const program = createProgram();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said what is wrong already.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    const options = globalsOf(program);
    const output = createOutput(options);
    reportOf(error, options).forEach((line) => output.note(line));
    process.exitCode = exitCodeOf(error);
  }
}
