import { text } from "node:stream/consumers";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { hashPassword } from "../../lib/passwords.ts";
import { scopeSchema } from "../../client/schemas.ts";
import { parseDuration } from "../../settings/units.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { formatTime } from "../output.ts";
import { action, type Command, examples, withClient, type Context } from "../program.ts";

interface CreateOptions {
  readonly scope: readonly string[];
  readonly expires?: string;
}

async function createToken(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { output } = context;
  const scopes = options.scope.map((scope) => {
    const known = scopeSchema.safeParse(scope);
    if (known.success) return known.data;
    throw new CliError(
      EXIT.usage,
      `There is no scope ${scope}; it is one of ${scopeSchema.options.join(", ")}`,
    );
  });
  const expires = expiryOf(options.expires);
  await withClient(context, { work: false }, async ({ client }) => {
    const created = await client.createToken({
      name,
      scopes: scopes.length === 0 ? ["read"] : scopes,
      expires_at: expires,
    });
    if (output.json) return output.data(created);
    output.note(`Token ${name} (${created.scopes.join(", ")}); it is shown this once:`);
    return output.line(created.token);
  });
}

function expiryOf(expires: string | undefined): string | null {
  if (expires === undefined) return null;
  const ms = parseDuration(expires);
  if (ms === null) throw new CliError(EXIT.usage, `--expires ${expires}: expected a duration such as 90d`);
  return new Date(Date.now() + ms).toISOString();
}

async function listTokens(context: Context): Promise<void> {
  const { output } = context;
  await withClient(context, { work: false }, async ({ client }) => {
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
    return output.table(["name", "scopes", "created", "last used", "expires", ""], rows);
  });
}

async function revokeToken(context: Context, ref: string): Promise<void> {
  await withClient(context, { work: false }, ({ client }) => client.revokeToken(ref));
  if (context.output.json) context.output.data({ revoked: ref });
  else context.output.line(`${ref} is revoked`);
}

async function hashToken({ output }: Context): Promise<void> {
  const token = process.stdin.isTTY
    ? await askHidden("Token: ")
    : (await text(process.stdin)).replace(/\r?\n$/, "");
  if (token === "") throw new CliError(EXIT.usage, "The token is empty");
  const hash = await hashPassword(token);
  if (output.json) output.data({ hash });
  else output.line(hash);
}

/** Shows the question but not what is typed. */
async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const answer = await terminal.question("");
  terminal.close();
  process.stderr.write("\n");
  return answer;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

export function addTokenCommands(program: Command): void {
  const token = program.command("token").description("make, list and revoke tokens of the API");
  token
    .command("create")
    .description("make a token; it is shown once")
    .argument("<name>")
    .option("--scope <scope>", "read (default), deploy or admin; each includes those before it", collect, [])
    .option("--expires <duration>", "such as 90d; default: never")
    .addHelpText("after", examples("hookwright token create ci --scope deploy --expires 90d"))
    .action(action(createToken));
  token
    .command("list")
    .description("list tokens")
    .addHelpText("after", examples("hookwright token list"))
    .action(action(listTokens));
  token
    .command("revoke")
    .description("revoke a token, by its name or id")
    .argument("<token>")
    .addHelpText("after", examples("hookwright token revoke ci"))
    .action(action(revokeToken));
  program
    .command("hash-token")
    .description("read a token from stdin and print its argon2 hash, for TOKEN_HASH of the K-App API")
    .addHelpText(
      "after",
      examples("hookwright hash-token", "openssl rand -hex 32 | tee token | hookwright hash-token"),
    )
    .action(action(hashToken));
}
