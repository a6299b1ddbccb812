import { Command, CommanderError } from "commander";
import { connect, type Connection, type ConnectOptions, type GlobalOptions } from "./connect.ts";
import { createOutput, type Output } from "./output.ts";

/** What a command's function gets. */
export interface Context {
  readonly options: GlobalOptions;
  readonly output: Output;
}

/** Resolves with the exit code, 0 when it says nothing. */
export type Run<A extends readonly unknown[]> = (context: Context, ...args: A) => Promise<number | void>;

interface RawGlobals {
  readonly settings?: string;
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

/** Turns a command's function into commander's action: options gathered, exit code set. */
export function action<A extends readonly unknown[]>(run: Run<A>) {
  return async (...args: readonly unknown[]): Promise<void> => {
    const command = args.at(-1);
    if (!(command instanceof Command)) throw new TypeError("commander passes the command last");
    const { json = false, color, ...rest } = command.optsWithGlobals<RawGlobals>();
    const options: GlobalOptions = { ...rest, json, color: color && process.env["NO_COLOR"] === undefined };
    const output = createOutput(options);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- commander passes what the command declared, in order
    const given = args.slice(0, -1) as unknown as A;
    const code = await run({ options, output }, ...given);
    process.exitCode = code ?? 0;
  };
}

/** Runs `work` with a client of the running server, or of one started for the time. */
export async function withClient<T>(
  { options }: Context,
  how: ConnectOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options, how);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

export { Command, CommanderError };
