import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CliError, EXIT } from "./exit-codes.ts";

/** Shows the question, but not what is typed. Rejects at Ctrl-C and Ctrl-D. */
export async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const given = Promise.withResolvers<string>();
  const giveUp = (): void => given.reject(new CliError(EXIT.interrupted, "Nothing was given"));
  terminal.on("line", given.resolve);
  terminal.on("SIGINT", giveUp);
  terminal.on("close", giveUp);
  try {
    return await given.promise;
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
