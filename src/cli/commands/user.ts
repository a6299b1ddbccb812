import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { z } from "zod";
import { SCOPES } from "../../domain/scopes.ts";
import { askHidden } from "../ask-hidden.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { collect, expirySchema } from "../inputs.ts";
import { formatTime } from "../output.ts";

const nameInput = z.object({ user: z.string() });
const scopes = z.array(z.enum(SCOPES, { error: `expected one of ${SCOPES.join(", ")}` })).default([]);
const scopesInput = nameInput.extend({ scope: scopes });

/** Nobody sees what they type; otherwise it comes by stdin. */
async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, "");
  const password = await askHidden("Password (not shown): ");
  if (password === (await askHidden("Once more: "))) return password;
  throw new CliError(EXIT.usage, "The two are not the same");
}

async function add(context: Context, { user, scope }: z.infer<typeof scopesInput>): Promise<void> {
  const password = await readPassword();
  const added = await withClient(context, { work: false }, ({ client }) =>
    client.addUser({ name: user, password, scopes: scope }),
  );
  if (context.output.json) context.output.data(added);
  else context.output.line(`${user} may ${inWords(scope)}`);
}

const inWords = (given: readonly string[]): string =>
  ["deploy the apps that name them", ...given].join(", and has the scope ");

async function setScopes(context: Context, { user, scope }: z.infer<typeof scopesInput>): Promise<void> {
  const changed = await withClient(context, { work: false }, ({ client }) =>
    client.changeUser(user, { scopes: scope }),
  );
  if (context.output.json) context.output.data(changed);
  else context.output.line(`${user} may ${inWords(scope)}`);
}

async function passwd(context: Context, { user }: z.infer<typeof nameInput>): Promise<void> {
  const password = await readPassword();
  const changed = await withClient(context, { work: false }, ({ client }) =>
    client.changeUser(user, { password }),
  );
  if (context.output.json) context.output.data(changed);
  else context.output.line(`${user} has a new password`);
}

const setDisabled =
  (disabled: boolean) =>
  async (context: Context, { user }: z.infer<typeof nameInput>): Promise<void> => {
    const changed = await withClient(context, { work: false }, ({ client }) =>
      client.changeUser(user, { disabled }),
    );
    if (context.output.json) context.output.data(changed);
    else
      context.output.line(disabled ? `${user} and their tokens are shut out` : `${user} may come in again`);
  };

function list(context: Context): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listUsers();
    if (output.json) return items.forEach((user) => output.data(user));
    const rows = items.map((user) => [
      user.name,
      user.scopes.join(", "),
      formatTime(user.created_at),
      user.disabled_at === null ? "" : `disabled ${formatTime(user.disabled_at)}`,
    ]);
    return output.table({ header: ["name", "scopes", "added", "note"], rows });
  });
}

const tokenInput = nameInput.extend({
  name: z.string(),
  app: z.array(z.string()).optional(),
  expires: expirySchema.optional(),
});

function token(context: Context, { user, name, app, expires }: z.infer<typeof tokenInput>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const created = await client.createUserToken(user, {
      name,
      apps: app ?? null,
      expires_at: expires ?? null,
    });
    if (output.json) return output.data(created);
    output.note(`Token ${name} of ${user}; it is shown this once:`);
    return output.line(created.token);
  });
}

const revokeInput = nameInput.extend({ token: z.string() });

async function revoke(context: Context, { user, token: ref }: z.infer<typeof revokeInput>): Promise<void> {
  await withClient(context, { work: false }, ({ client }) => client.revokeUserToken(user, ref));
  if (context.output.json) context.output.data({ revoked: ref });
  else context.output.line(`${ref} is revoked`);
}

const USER = "their name";
const SCOPE = "of the dashboard: read, deploy or admin; each includes those before it";

export function addUser(program: Command): void {
  const user = program.command("user").description("who logs in to the dashboard and the deploy API");
  addBody(
    user
      .command("add")
      .description("add a user; the password comes from a prompt or stdin")
      .argument("<user>", USER)
      .option("--scope <scope>", SCOPE, collect),
    {
      examples: ["head -c 24 /dev/urandom | base64 | tee password | hookwright user add dscape"],
      input: scopesInput,
      run: add,
    },
  );
  addBody(
    user
      .command("scopes")
      .description("set what a user may on the dashboard; without --scope: see and deploy their own apps")
      .argument("<user>", USER)
      .option("--scope <scope>", SCOPE, collect),
    { examples: ["hookwright user scopes dscape --scope read"], input: scopesInput, run: setScopes },
  );
  addBody(user.command("passwd").description("set another password").argument("<user>", USER), {
    examples: ["head -c 24 /dev/urandom | base64 | tee password | hookwright user passwd dscape"],
    input: nameInput,
    run: passwd,
  });
  addBody(user.command("list").description("list users"), {
    examples: ["hookwright user list"],
    input: z.object({}),
    run: list,
  });
  addBody(user.command("disable").description("shut a user and their tokens out").argument("<user>", USER), {
    examples: ["hookwright user disable dscape"],
    input: nameInput,
    run: setDisabled(true),
  });
  addBody(user.command("enable").description("let a user in again").argument("<user>", USER), {
    examples: ["hookwright user enable dscape"],
    input: nameInput,
    run: setDisabled(false),
  });
  const tokenCommand = user
    .command("token")
    .description("make an API token that stands in for the password; it is shown once")
    .argument("<user>", USER)
    .argument("<name>", "what it is for")
    .option("--app <app>", "good for this app alone; may be given several times", collect)
    .option("--expires <duration>", "such as 90d (default: never)");
  addBody(tokenCommand, {
    examples: ["hookwright user token dscape ci --app hello --expires 90d"],
    input: tokenInput,
    run: token,
  });
  const revokeCommand = user
    .command("revoke")
    .description("revoke a user's token")
    .argument("<user>", USER)
    .argument("<token>", "its name or id");
  addBody(revokeCommand, { examples: ["hookwright user revoke dscape ci"], input: revokeInput, run: revoke });
}
