import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { z } from "zod";
import type { AuditEvent } from "../../domain/audit.ts";
import { newId } from "../../lib/ids.ts";
import { loadDotenv } from "../../settings/dotenv.ts";
import { secretChanges } from "../../settings/secret-changes.ts";
import { openSecretStore, secretPlaceOf, type SecretStore } from "../../settings/secret-store.ts";
import { askHidden } from "../ask-hidden.ts";
import { addBody, type Context } from "../command.ts";
import { settingsPath } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { formatTime } from "../output.ts";

/** The store of the settings file, which need not be valid: it may name a secret that is only now being set. */
async function openStore({ options }: Context): Promise<OpenStore> {
  const file = settingsPath(options);
  const dir = dirname(file);
  loadDotenv(dir);
  const settings = await readFile(file, "utf8").catch(() => "");
  const place = secretPlaceOf(settings, dir);
  const store = openSecretStore({ ...place, env: process.env });
  return {
    ...store,
    shared: isShared(settings),
    noted: (change) => secretChanges(place.file).note(toEvent(change)),
  };
}

interface OpenStore extends SecretStore {
  /** Servers share a PostgreSQL, in which the key encrypts as well. */
  readonly shared: boolean;
  noted(change: Change): void;
}

const isShared = (settings: string): boolean => /^store:\s*["']?postgres(?:ql)?:/m.test(settings);

type Change = Pick<AuditEvent, "action" | "target">;

/** For the audit log of the next server that runs with these settings. */
const toEvent = (change: Change): AuditEvent => ({
  ...change,
  id: newId(),
  time: new Date().toISOString(),
  actor: `cli:${accountName()}`,
  way: "cli",
  address: null,
  result: "done",
  code: null,
  details: {},
});

/** In a container the account may have no name. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

const nameInput = z.object({ name: z.string() });

async function set(context: Context, { name }: z.infer<typeof nameInput>): Promise<void> {
  const { output } = context;
  const store = await openStore(context);
  const given = process.stdin.isTTY ? await askHidden(`${name} (not shown): `) : await text(process.stdin);
  const value = given.replace(/\r?\n$/, "");
  if (value === "") throw new CliError(EXIT.usage, "The secret is empty");
  await store.set(name, value);
  store.noted({ action: "secret.set", target: `secret:${name}` });
  if (output.json) output.data({ set: name });
  else output.line(`${name} is kept; a running server takes it over at its next reload (kill -HUP)`);
}

async function list(context: Context): Promise<void> {
  const { output } = context;
  const secrets = (await openStore(context)).list();
  if (output.json)
    return secrets.forEach(({ name, updatedAt }) => output.data({ name, updated_at: updatedAt }));
  if (secrets.length === 0) return output.note("No secrets.");
  const rows = secrets.map(({ name, updatedAt }) => [name, formatTime(updatedAt)]);
  return output.table({ header: ["name", "set"], rows });
}

async function remove(context: Context, { name }: z.infer<typeof nameInput>): Promise<void> {
  const store = await openStore(context);
  await store.remove(name);
  store.noted({ action: "secret.remove", target: `secret:${name}` });
  if (context.output.json) context.output.data({ removed: name });
  else context.output.line(`${name} is removed`);
}

async function rotateKey(context: Context): Promise<void> {
  const store = await openStore(context);
  const { shared: keepOld } = store;
  const count = await store.rotateKey({ keepOld });
  store.noted({ action: "secret.rotate_key", target: null });
  if (context.output.json)
    return context.output.data({ rotated: count, ...(keepOld && { old_key_kept: true }) });
  context.output.line(`${count} secrets are encrypted with a new key`);
  if (!keepOld) return undefined;
  return context.output.note(
    "The old key stays behind the new one: give both to every server on the PostgreSQL and start each anew, then remove the old one",
  );
}

export function addSecrets(program: Command): void {
  const secrets = program
    .command("secrets")
    .description("keep secrets encrypted, for `secret_name` in the settings");
  const setCommand = secrets
    .command("set")
    .description("keep a secret, read from a prompt or stdin; one newline at its end is dropped")
    .argument("<name>", "what the settings call it");
  addBody(setCommand, {
    examples: ["openssl rand -hex 32 | hookwright secrets set ops"],
    input: nameInput,
    run: set,
  });
  const listCommand = secrets
    .command("list")
    .description("list the names of the secrets; values are never shown");
  addBody(listCommand, { examples: ["hookwright secrets list"], input: z.object({}), run: list });
  const removeCommand = secrets
    .command("remove")
    .description("forget a secret")
    .argument("<name>", "its name");
  addBody(removeCommand, { examples: ["hookwright secrets remove ops"], input: nameInput, run: remove });
  const rotateCommand = secrets
    .command("rotate-key")
    .description("encrypt every secret with a new key; a crash in between locks nobody out");
  addBody(rotateCommand, {
    examples: ["hookwright secrets rotate-key"],
    input: z.object({}),
    run: rotateKey,
  });
}
