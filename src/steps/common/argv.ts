import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { Render } from "../step.ts";

/** Programs that take a script as an argument, and the flags that say so. */
const INTERPRETERS: readonly (readonly [program: RegExp, flag: RegExp])[] = [
  [/(?:^|\/)(?:ba|da|z|k|a|fi|c|tc)?sh$|(?:^|\/)su$/, /^(?:-[a-z]*c|--command)$/i],
  [
    /(?:^|\/)(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|pwsh|lua)[\d.]*$/,
    /^(?:-[a-z]*[cer]|--eval|--print|eval)$/i,
  ],
];

export const argvSchema = z
  .tuple([z.string().min(1, "the command must not be empty")], z.string())
  .check((context) => {
    if (!hasScriptTemplate(context.value)) return;
    const message =
      "a template must not become part of a script; pass the value as an argument: " +
      `[sh, -c, 'echo "$1"', sh, "\${{ … }}"]`;
    context.issues.push({ code: "custom", input: context.value, message });
  })
  .describe("The program and its arguments; no shell. Each item may hold `${{ }}`.");

export type Argv = z.infer<typeof argvSchema>;

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

/** Throws where a value from outside could pass for an option. */
export function renderArgv([program, ...args]: Argv, render: Render): Argv {
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
