import { stepKinds } from "../../steps/registry.ts";
import { literal } from "../environment-values.ts";
import type { Draft } from "./draft.ts";

export interface CommandsInput {
  readonly draft: Draft;
  /** Of the action, for notes. */
  readonly name: string;
  readonly commands: readonly unknown[];
}

export type Step = Readonly<Record<string, unknown>>;

/** Commands that were argv lists, run without a shell. */
export const argvSteps = ({ draft, name, commands }: CommandsInput): Step[] =>
  commands.map((command) => argvStep({ draft, name, command }));

/** Commands of which a text was a line for a shell. */
export const shellSteps = ({ draft, name, commands }: CommandsInput): Step[] =>
  commands.map((command) =>
    typeof command === "string" ? shellStep({ draft, name, command }) : argvStep({ draft, name, command }),
  );

interface CommandInput extends Omit<CommandsInput, "commands"> {
  readonly command: unknown;
}

function argvStep({ draft, name, command }: CommandInput): Step {
  if (typeof command === "string") {
    draft.note(
      `action ${name}: ${JSON.stringify(command)} was run as the name of one program; split it into a list`,
    );
  }
  const words: readonly unknown[] = Array.isArray(command) ? command : [command];
  for (const word of words.filter((each) => typeof each !== "string")) {
    draft.note(
      `action ${name}: YAML reads an argument as ${JSON.stringify(word)}, which is no text; look whether it is as meant`,
    );
  }
  const argv = words.map((word) => literal(typeof word === "string" ? word : JSON.stringify(word)));
  return checked({ draft, name, command }, "run", argv);
}

/** Not `/bin/sh -e`, as `shell:` has it: what came after a failing command of the line was run there. */
function shellStep(input: CommandInput & { readonly command: string }): Step {
  return checked(input, "shell", /[;\n]/.test(input.command) ? `set +e\n${input.command}` : input.command);
}

/** What can't be a step here fails when it is run, rather than to be left out in silence. */
function checked({ draft, name, command }: CommandInput, kind: "run" | "shell", options: unknown): Step {
  if (stepKinds.get(kind)?.schema.safeParse(options).success === true) return { [kind]: options };
  draft.note(
    `action ${name}: ${JSON.stringify(command)} can't be a command here, so that step fails; write it anew`,
  );
  return { run: ["false"] };
}
