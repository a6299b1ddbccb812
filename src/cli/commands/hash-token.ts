import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { z } from "zod";
import { hashPassword } from "../../lib/passwords.ts";
import { askHidden } from "../ask-hidden.ts";
import { addBody, type Context } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";

async function run({ output }: Context): Promise<void> {
  const token = process.stdin.isTTY ? await askTwice() : (await text(process.stdin)).replace(/\r?\n$/, "");
  if (token === "") throw new CliError(EXIT.usage, "The token is empty");
  const hash = await hashPassword(token);
  if (output.json) output.data({ hash });
  else output.line(hash);
}

/** Nobody sees what they type. */
async function askTwice(): Promise<string> {
  const token = await askHidden("Token (not shown): ");
  if (token === (await askHidden("Once more: "))) return token;
  throw new CliError(EXIT.usage, "The two are not the same");
}

export function addHashToken(program: Command): void {
  const command = program
    .command("hash-token")
    .description("read a token, from a prompt or stdin, and print its argon2 hash, for TOKEN_HASH");
  addBody(command, {
    examples: ["head -c 32 /dev/urandom | base64 | tee kapp-token | hookwright hash-token"],
    input: z.object({}),
    run,
  });
}
