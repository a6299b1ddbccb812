import { z } from "zod";
import { formatCommand } from "../lib/processes/format-command.ts";
import { argvSchema, renderArgv, type Argv } from "./common/argv.ts";
import { commandFailure, type StepKind } from "./step.ts";

/** Bytes of stdout that become an output. */
const OUTPUT_BYTES = 64 * 1024;
const schema = z.union(
  [
    argvSchema,
    z.strictObject({
      argv: argvSchema,
      output: z
        .string()
        .regex(/^[A-Za-z_]\w*$/, "must be letters, digits and _, not starting with a digit")
        .optional()
        .describe("What it prints on stdout, trimmed, becomes `steps.NAME.outputs.<this>` (64 KiB at most)."),
      input: z.string().optional().describe("Written to its standard input, as it stands here."),
    }),
  ],
  { error: "expected a list such as [npm, ci]; a line for a shell goes under `shell`" },
);

type RunOptions = z.infer<typeof schema>;
interface Run {
  readonly argv: Argv;
  readonly output?: string | undefined;
  readonly input?: string | undefined;
}

/** `run: [npm, ci]`, or `run: { argv: [git, rev-parse, HEAD], output: commit }`. */
export const runKind: StepKind<RunOptions> = {
  kind: "run",
  summary: "Runs a program with arguments, without a shell",
  schema,
  keepsVariables: true,
  render: (options, render) =>
    isShort(options) ? renderArgv(options, render) : { ...options, argv: renderArgv(options.argv, render) },
  title: (options) => formatCommand(normalize(options).argv),
  async run(options, context) {
    const { argv, output, input } = normalize(options);
    const result = await context.command({
      argv,
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { captureBytes: OUTPUT_BYTES }),
    });
    if (result.exitCode !== 0) throw commandFailure(argv, result);
    return { exitCode: 0, outputs: output === undefined ? {} : { [output]: result.stdout.trim() } };
  },
};

const isShort = (options: RunOptions): options is Argv => Array.isArray(options);

const normalize = (options: RunOptions): Run => (isShort(options) ? { argv: options } : options);
