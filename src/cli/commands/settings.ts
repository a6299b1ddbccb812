import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { importWebhooksAutomata } from "../../settings/import/webhooks-automata.ts";
import { settingsJsonSchema } from "../../settings/json-schema.ts";
import { loadSettings } from "../../settings/load.ts";
import { writeProjectSettings } from "../../settings/starter.ts";
import { DEFAULT_FILE } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { action, type Command, examples, type Context } from "../program.ts";

async function check({ options, output }: Context, file: string | undefined): Promise<number> {
  const path = resolve(file ?? options.settings ?? DEFAULT_FILE);
  try {
    const { sources, actions, warnings } = await loadSettings({ file: path, env: process.env });
    const counts = { sources: Object.keys(sources).length, actions: Object.keys(actions).length };
    if (output.json) output.data({ valid: true, file: path, ...counts, warnings });
    for (const warning of output.json ? [] : warnings)
      output.note(`${output.colors.yellow("warning")} ${warning}`);
    const name = relative(process.cwd(), path);
    if (!output.json) output.line(`${name} is valid: ${counts.sources} sources, ${counts.actions} actions`);
    return EXIT.ok;
  } catch (error) {
    if (!output.json || !(error instanceof AppError)) throw error;
    output.data({ valid: false, file: path, code: error.code, message: error.message, ...error.details });
    return EXIT.usage;
  }
}

interface InitOptions {
  readonly dir: string;
  readonly repository: string;
  readonly force?: boolean;
}

async function init({ output }: Context, { dir, repository, force = false }: InitOptions): Promise<void> {
  const { file } = await writeProjectSettings({ dir, repository, force });
  if (output.json) return output.data({ file });
  output.line(`Wrote ${relative(process.cwd(), file)}`);
  output.line("Now: look through it, give the secret to the sender of webhooks, then run: hookwright serve");
  return undefined;
}

async function schema({ output }: Context): Promise<void> {
  output.line(JSON.stringify(settingsJsonSchema(), null, output.json ? 0 : 2));
}

interface ImportOptions {
  readonly output?: string;
  readonly force?: boolean;
}

async function importAutomata({ output }: Context, file: string, options: ImportOptions): Promise<void> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    const reason = z.instanceof(Error).parse(error).message;
    throw new CliError(EXIT.notFound, `${file} can't be read: ${reason}`);
  });
  const { yaml, notes } = importWebhooksAutomata(text);
  for (const note of notes) output.note(`note: ${note}`);
  if (options.output === undefined)
    return output.line(output.json ? JSON.stringify({ yaml, notes }) : yaml.trimEnd());
  if (existsSync(options.output) && options.force !== true) {
    throw new CliError(EXIT.usage, `${options.output} exists already`, "Replace it with --force");
  }
  await writeFile(options.output, yaml, { mode: 0o600 });
  if (output.json) return output.data({ file: options.output, notes });
  return output.line(`Wrote ${options.output}; check it with: hookwright check ${options.output}`);
}

/** Commands about the settings file. */
export function addSettingsCommands(program: Command): void {
  program
    .command("init")
    .description("write a settings file for a repository")
    .option("--repository <url>", "repository to deploy", "https://github.com/you/app.git")
    .option("--dir <folder>", "where to write it", ".")
    .option("--force", "replace what is there")
    .addHelpText("after", examples("hookwright init --repository https://github.com/me/app.git"))
    .action(action(init));
  program
    .command("check")
    .description("check a settings file without starting; exits 2 when it is not valid")
    .argument("[file]", `settings file (default: ${DEFAULT_FILE})`)
    .addHelpText("after", examples("hookwright check", "hookwright check /etc/hookwright.yaml --json"))
    .action(action(check));
  program
    .command("schema")
    .description("print the JSON Schema of the settings file, for editors")
    .addHelpText("after", examples("hookwright schema > hookwright.schema.json"))
    .action(action(schema));
  program
    .command("import")
    .description("convert the settings of another system")
    .command("webhooks-automata")
    .description("convert a settings file of webhooks_automata, of any generation")
    .argument("<file>")
    .option("-o, --output <file>", "write it there instead of to stdout")
    .option("--force", "replace what is there")
    .addHelpText("after", examples("hookwright import webhooks-automata settings.yaml -o hookwright.yaml"))
    .action(action(importAutomata));
}
