import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { z } from "zod";
import type { Imported } from "../../settings/import/imported.ts";
import { importFoundries } from "../../settings/import/foundries.ts";
import { importWebhook } from "../../settings/import/webhook.ts";
import { importWebhooksAutomata } from "../../settings/import/webhooks-automata.ts";
import { addBody, type Context, flag } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { inWords } from "../invocation.ts";
import { messageOf } from "../../lib/message-of.ts";

const input = z.object({ file: z.string(), output: z.string().optional(), force: flag });

type Given = z.infer<typeof input>;

async function convert(
  { output }: Context,
  options: Given,
  importText: (text: string) => Imported,
): Promise<void> {
  const { yaml, notes } = importText(await read(options.file));
  for (const note of output.json ? [] : notes) output.note(`note: ${note}`);
  const { output: target, force } = options;
  if (target === undefined) return output.json ? output.data({ yaml, notes }) : output.document(yaml);
  if (existsSync(target) && !force) {
    throw new CliError(EXIT.usage, `${target} exists already`, "Replace it with --force");
  }
  // It may hold secrets.
  await writeFile(target, yaml, { mode: 0o600 });
  if (output.json) return output.data({ file: target, notes });
  return output.line(`Wrote ${target}; check it with: ${inWords(`check ${target}`)}`);
}

const read = (file: string): Promise<string> =>
  readFile(file, "utf8").catch((error: unknown) => {
    const reason = messageOf(error);
    throw new CliError(EXIT.notFound, `${file} can't be read: ${reason}`);
  });

export function addImport(program: Command): void {
  const command = program.command("import").description("convert the settings of another system");
  addConversion(command, {
    name: "webhooks-automata",
    description: "convert a settings file of webhooks_automata, of any generation",
    file: "its settings file",
    example: "hookwright import webhooks-automata settings.yaml -o imported.yaml",
    importText: importWebhooksAutomata,
  });
  addConversion(command, {
    name: "webhook",
    description: "convert the hooks of adnanh/webhook",
    file: "its hooks.json, or the same as YAML",
    example: "hookwright import webhook hooks.json -o imported.yaml --force",
    importText: importWebhook,
  });
  addConversion(command, {
    name: "foundries",
    description: "convert the notify.webhooks block of a factory-config.yml (Foundries.io)",
    file: "its factory-config.yml",
    example: "hookwright import foundries factory-config.yml",
    importText: importFoundries,
  });
}

interface Conversion {
  readonly name: string;
  readonly description: string;
  readonly file: string;
  readonly example: string;
  readonly importText: (text: string) => Imported;
}

function addConversion(parent: Command, { name, description, file, example, importText }: Conversion): void {
  const command = parent
    .command(name)
    .description(description)
    .argument("<file>", file)
    .option("-o, --output <file>", "write it there instead of to stdout")
    .option("--force", "replace what is there");
  addBody(command, {
    examples: [example],
    input,
    run: (context: Context, given: Given) => convert(context, given, importText),
  });
}
