import type { Command } from "commander";
import { z } from "zod";
import { SCOPES } from "../../domain/scopes.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { collect, expirySchema } from "../inputs.ts";
import { formatTime } from "../output.ts";

const createInput = z.object({
  name: z.string(),
  scope: z.array(z.enum(SCOPES, { error: `expected one of ${SCOPES.join(", ")}` })).default(["read"]),
  expires: expirySchema.optional(),
});

function create(context: Context, { name, scope, expires }: z.infer<typeof createInput>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const created = await client.createToken({
      name,
      scopes: scope,
      expires_at: expires ?? null,
    });
    if (output.json) return output.data(created);
    output.note(`Token ${name} (${created.scopes.join(", ")}); it is shown this once:`);
    return output.line(created.token);
  });
}

function list(context: Context): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listTokens();
    if (output.json) return items.forEach((token) => output.data(token));
    const rows = items.map((token) => [
      token.name,
      token.scopes.join(", "),
      formatTime(token.created_at),
      formatTime(token.last_used_at),
      formatTime(token.expires_at),
      token.revoked_at === null ? "" : `revoked ${formatTime(token.revoked_at)}`,
    ]);
    return output.table({ header: ["name", "scopes", "created", "last used", "expires", "note"], rows });
  });
}

const revokeInput = z.object({ token: z.string() });

async function revoke(context: Context, { token }: z.infer<typeof revokeInput>): Promise<void> {
  const { output } = context;
  await withClient(context, { work: false }, ({ client }) => client.revokeToken(token));
  if (output.json) output.data({ revoked: token });
  else output.line(`${token} is revoked`);
}

export function addToken(program: Command): void {
  const token = program.command("token").description("make, list and revoke tokens of the API");
  const createCommand = token
    .command("create")
    .description("make a token; it is shown once")
    .argument("<name>", "what it is for")
    .option("--scope <scope>", "read (default), deploy or admin; each includes those before it", collect)
    .option("--expires <duration>", "such as 90d (default: never)");
  addBody(createCommand, {
    examples: ["hookwright token create ci --scope deploy --expires 90d"],
    input: createInput,
    run: create,
  });
  const listCommand = token.command("list").description("list tokens");
  addBody(listCommand, { examples: ["hookwright token list"], input: z.object({}), run: list });
  const revokeCommand = token
    .command("revoke")
    .description("revoke a token")
    .argument("<token>", "its name or id");
  addBody(revokeCommand, { examples: ["hookwright token revoke ci"], input: revokeInput, run: revoke });
}
