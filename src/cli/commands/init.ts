import { relative } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { writeProjectSettings } from "../../settings/starter.ts";
import { addBody, type Context, flag } from "../command.ts";
import { inWords } from "../invocation.ts";

const input = z.object({ repository: z.string(), dir: z.string(), force: flag });

async function run({ output }: Context, options: z.infer<typeof input>): Promise<void> {
  const { file } = await writeProjectSettings(options);
  if (output.json) return output.data({ file });
  const name = relative(process.cwd(), file);
  const settings = name === "hookwright.yaml" ? "" : ` --settings ${name}`;
  output.line(`Wrote ${name}, with a new secret. Now:`);
  output.prose("  1. Look through its steps.", 3);
  output.prose("  2. Add a webhook with that secret where the repository is; its URL path is /hooks/app.", 3);
  return output.prose(`  3. ${inWords(`check${settings}`)}, then ${inWords(`serve${settings}`)}`, 3);
}

export function addInit(program: Command): void {
  const command = program
    .command("init")
    .description("write a settings file for a repository")
    .option("--repository <url>", "repository to deploy", "https://github.com/you/app.git")
    .option("--dir <folder>", "where to write it", ".")
    .option("--force", "replace what is there");
  addBody(command, {
    examples: ["hookwright init --repository https://github.com/me/app.git --dir /etc/hookwright"],
    input,
    run,
  });
}
