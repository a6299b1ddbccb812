import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, withClient } from "../command.ts";
import { findSettings } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { sendDemoPush } from "../demo.ts";
import { followTask } from "../follow.ts";
import { requireGit } from "../require-git.ts";

/** What `npm run demo` runs. */
async function run(context: Context): Promise<number> {
  const { options, output } = context;
  await requireGit();
  const settings = await findSettings(options);
  if (settings === null)
    throw new CliError(EXIT.usage, "There is no demo here yet", "Make one, and serve it, with: npm start");
  return withClient(context, { work: true }, async (connection) => {
    if (connection.offline) output.note("No server runs (npm start): this command serves itself meanwhile");
    const id = await sendDemoPush({ output, settings, hooks: connection.hooks });
    return followTask({ connection, output, id });
  });
}

export function addDemo(program: Command): void {
  const command = program
    .command("demo")
    .description("send a signed push for the demo repository and follow its deployment");
  addBody(command, { examples: ["hookwright demo"], input: z.object({}), run });
}
