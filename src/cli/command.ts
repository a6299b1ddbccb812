import type { Command } from "commander";
import { z } from "zod";
import { connect, type Connection, type ConnectOptions, type GlobalOptions } from "./connect.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { createOutput, type Output } from "./output.ts";

/** What a command's function gets. */
export interface Context {
  readonly options: GlobalOptions;
  readonly output: Output;
}

export interface CommandBody<T> {
  /** Lines that work as they stand; shown by `--help`, and run by a test. */
  readonly examples: readonly string[];
  /** The command's arguments and options in one object, by the names that commander gives them. */
  readonly input: z.ZodType<T>;
  /** Resolves with the exit code, 0 when it says nothing. */
  run(context: Context, input: T): Promise<number | void>;
}

const globalSchema = z.object({
  settings: z.string().optional(),
  url: z.string().optional(),
  token: z.string().optional(),
  json: z.boolean().default(false),
  color: z.boolean(),
});

export const globalsOf = (command: Command): GlobalOptions => globalSchema.parse(command.optsWithGlobals());

/** The commands that do something, in the order of `--help`. */
export const leavesOf = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);

const EXAMPLES = new WeakMap<Command, readonly string[]>();

/** Lines of a command's `--help`. */
export const examplesOf = (command: Command): readonly string[] => EXAMPLES.get(command) ?? [];

/** Gives a declared command what it does. */
export function addBody<T>(command: Command, { examples, input, run }: CommandBody<T>): void {
  EXAMPLES.set(command, examples);
  command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`);
  command.action(async () => {
    const options = globalsOf(command);
    const output = createOutput(options);
    const code = await run({ options, output }, parseInput(command, input));
    process.exitCode = code ?? EXIT.ok;
  });
}

function parseInput<T>(command: Command, schema: z.ZodType<T>): T {
  const args = command.registeredArguments.map((argument, index): [string, unknown] => [
    argument.name(),
    command.processedArgs[index],
  ]);
  const parsed = schema.safeParse({ ...command.opts(), ...Object.fromEntries(args) });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${flagOf(command, path[0])}: ${message}`);
  throw new CliError(EXIT.usage, problems.join("\n"), `See: hookwright ${pathOf(command)} --help`);
}

const flagOf = (command: Command, name: PropertyKey | undefined): string =>
  command.options.find((option) => option.attributeName() === name)?.long ?? `<${String(name)}>`;

/** `token create` */
export function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

/** An option without a value. */
export const flag = z.boolean().default(false);

/** Runs `work` with a client of the running server, or of one started for the time. */
export async function withClient<T>(
  { options, output }: Context,
  how: Omit<ConnectOptions, "output">,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options, { ...how, output });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
