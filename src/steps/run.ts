import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { formatCommand } from "../lib/processes/format-command.ts";
import { commandFailure, type Render, type StepKind } from "./step.ts";

/** Bytes of stdout that become an output. */
const OUTPUT_BYTES = 64 * 1024;
/** Programs that take a script as an argument, and the flags that say so. */
const INTERPRETERS: readonly (readonly [program: RegExp, flag: RegExp])[] = [
  [/(?:^|\/)(?:ba|da|z|k|a|fi|c|tc)?sh$|(?:^|\/)su$/, /^(?:-[a-z]*c|--command)$/i],
  [
    /(?:^|\/)(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|pwsh|lua)[\d.]*$/,
    /^(?:-[a-z]*[cer]|--eval|--print|eval)$/i,
  ],
];

const argvSchema = z
  .tuple([z.string().min(1, "the command must not be empty")], z.string())
  .check((context) => {
    if (!hasScriptTemplate(context.value)) return;
    const message =
      "a template must not become part of a script; pass the value as an argument: " +
      `[sh, -c, 'echo "$1"', sh, "\${{ … }}"]`;
    context.issues.push({ code: "custom", input: context.value, message });
  })
  .describe("The program and its arguments; no shell. Each item may hold `${{ }}`.");

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

type Argv = z.infer<typeof argvSchema>;
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

/** `sh -c "… ${{ }} …"`, also behind another program: `sudo sh -c …`. */
function hasScriptTemplate(argv: readonly string[]): boolean {
  return argv.some((item, index) => {
    const flag = INTERPRETERS.find(([program]) => program.test(item))?.[1];
    if (flag === undefined) return false;
    const args = argv.slice(index + 1);
    const at = args.findIndex((arg) => flag.test(arg));
    return at !== -1 && (args[at + 1]?.includes("${{") ?? false);
  });
}

function renderArgv([program, ...args]: Argv, render: Render): Argv {
  const end = args.indexOf("--");
  const rendered = args.map((arg, index) => {
    const value = render(arg);
    if ((end === -1 || index < end) && becameOption(arg, value)) throw optionError(arg, value);
    return value;
  });
  return [render(program), ...rendered];
}

/**
 * A value from outside that begins with `-` where an option could stand. Params alone were checked when the task was accepted
 * (`allow_leading_dash`).
 */
function becameOption(template: string, value: string): boolean {
  return (
    template.startsWith("${{") && value.startsWith("-") && !/^\$\{\{\s*params\.\w+\s*\}\}/.test(template)
  );
}

const optionError = (template: string, value: string): AppError =>
  new AppError(
    "step:failed",
    `The value of ${template} is ${JSON.stringify(value.slice(0, 80))}, which could pass for an option; ` +
      "put `--` before it if the program knows that",
  );
