import type { Command } from "commander";
import { z } from "zod";
import { settingsJsonSchema } from "../../settings/json-schema.ts";
import { addBody, type Context } from "../command.ts";

async function run({ output }: Context): Promise<void> {
  const schema = settingsJsonSchema();
  if (output.json) output.data(schema);
  else output.document(`${JSON.stringify(schema, null, 2)}\n`);
}

export function addSchema(program: Command): void {
  const command = program
    .command("schema")
    .description("print the JSON Schema of the settings file, for editors");
  addBody(command, { examples: ["hookwright schema > hookwright.schema.json"], input: z.object({}), run });
}
