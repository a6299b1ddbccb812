import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { Render } from "../step.ts";
import { hasMixedRemoteTemplate, hasScriptTemplate, isPlainWord, remoteCommandAt } from "./scripts.ts";

export const argvSchema = z
  .tuple([z.string().min(1, "the command must not be empty")], z.string())
  .check(({ value: argv, issues }) => {
    const refuse = (message: string): void => void issues.push({ code: "custom", input: argv, message });
    if (hasScriptTemplate(argv)) {
      refuse(
        "a template must not become part of a script; pass the value as an argument: " +
          `[sh, -c, 'echo "$1"', sh, "\${{ … }}"]`,
      );
    }
    if (hasMixedRemoteTemplate(argv)) {
      refuse(
        "ssh hands all of this to a shell; a value has to be an argument of its own, which is checked when it runs: " +
          `[ssh, HOST, deploy, "\${{ … }}"]`,
      );
    }
  })
  .describe("The program and its arguments; no shell. Each item may hold `${{ }}`.");

export type Argv = z.infer<typeof argvSchema>;

/** Throws where a value from outside could pass for an option, or for more than a word to a shell at the other end of ssh. */
export function renderArgv(argv: Argv, render: Render): Argv {
  const [program, ...args] = argv;
  const end = args.indexOf("--");
  const remote = remoteCommandAt(argv) ?? Number.POSITIVE_INFINITY;
  const rendered = args.map((arg, index) => {
    const value = render(arg);
    if ((end === -1 || index < end) && becameOption(arg, value)) throw optionError(arg, value);
    if (index + 1 >= remote && arg.includes("${{") && !isPlainWord(value)) throw remoteError(arg, value);
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

const remoteError = (template: string, value: string): AppError =>
  new AppError(
    "step:failed",
    `The value of ${template} is ${JSON.stringify(value.slice(0, 80))}, which the shell at the other end of ssh would take apart; ` +
      "only letters, digits and @%+=:,./-_ may stand there",
  );
