import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import manifest from "../../../package.json" with { type: "json" };
import { spoolPath } from "../../settings/spool-path.ts";
import { addBody, type Context, flag } from "../command.ts";
import { readSettings } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { createLiveLine } from "../live-line.ts";
import { formatTime, type Output } from "../output.ts";
import { storeBackups } from "../serve.ts";
import { sizeOf } from "../sizes.ts";

const createInput = z.object({
  file: z.string().min(1).optional(),
  from: z.string().min(1).optional(),
  allowMissing: flag,
});

async function create({ output, options }: Context, given: z.infer<typeof createInput>): Promise<void> {
  const { from, allowMissing } = given;
  const database = from === undefined ? await embeddedStore(options) : resolve(from);
  const now = new Date();
  const to = resolve(given.file ?? `hookwright-${now.toISOString().replaceAll(/[-:]|\.\d+/g, "")}.tar.gz`);
  const { createBackup } = await storeBackups();
  const view = createView(output);
  const input = { database, to, version: manifest.version, now, allowMissing, onProgress: view.show };
  const made = await createBackup(input).finally(view.end);
  const { bytes, schema, deliveries, waiting, running, missing } = made;
  if (output.json) return output.data({ file: to, bytes, schema, deliveries, waiting, running, missing });
  output.line(`${to}: ${sizeOf(bytes)}; deliveries, with their tasks, logs and bodies: ${deliveries}`);
  sayMissing(output, missing);
  return output.prose(
    "Not in it, to be kept by you: the settings, the file of secrets and its key. Clones and releases are made again by the next deployment.",
  );
}

const fileInput = z.object({ file: z.string().min(1) });

async function verify({ output }: Context, { file }: z.infer<typeof fileInput>): Promise<void> {
  const { verifyBackup } = await storeBackups();
  const { version, createdAt, schema, deliveries, waiting, running, missing } = await verifyBackup(
    resolve(file),
  );
  if (output.json) {
    return output.data({
      ok: true,
      version,
      created_at: createdAt,
      schema,
      deliveries,
      waiting,
      running,
      missing,
    });
  }
  sayMissing(output, missing);
  output.line(`Whole: made by Hookwright ${version} at ${formatTime(createdAt)}; deliveries: ${deliveries}`);
  return output.line(`Tasks that waited: ${waiting}, that ran: ${running}`);
}

const restoreInput = fileInput.extend({
  to: z.string().min(1).optional(),
  force: flag,
  dropWaiting: flag,
  allowMissing: flag,
});

async function restore({ output, options }: Context, given: z.infer<typeof restoreInput>): Promise<void> {
  const { file, to, ...rest } = given;
  const database = to === undefined ? await embeddedStore(options) : resolve(to);
  const { restoreBackup } = await storeBackups();
  const input = { file: resolve(file), database, ...rest, now: new Date() };
  const { manifest: found, aside, dropped } = await restoreBackup(input);
  const { createdAt, deliveries, waiting, running, missing } = found;
  if (output.json) {
    return output.data({
      database,
      created_at: createdAt,
      deliveries,
      waiting,
      running,
      missing,
      dropped,
      aside,
    });
  }
  output.line(`${database} is as it was at ${formatTime(createdAt)}; deliveries: ${deliveries}`);
  sayMissing(output, missing);
  if (aside !== null) output.line(`What was there before is in ${aside}`);
  if (dropped > 0) output.line(`Tasks that waited, and were ended: ${dropped}`);
  else if (waiting > 0) {
    output.prose(
      `Tasks that waited: ${waiting}. The next server runs them, also those that have run since the backup; \`--drop-waiting\` ends them instead.`,
    );
  }
  if (running > 0) {
    output.prose(
      `Tasks that ran: ${running}. The next server ends them as lost, or runs them again (\`on_crash\`).`,
    );
  }
  return undefined;
}

function sayMissing(output: Output, missing: number): void {
  if (missing > 0)
    output.line(`Deliveries whose bodies are missing, so that they can't be replayed: ${missing}`);
}

/** The path of the store of the settings. */
async function embeddedStore(options: Context["options"]): Promise<string> {
  const { store, server, dataDir } = await readSettings(options);
  if (store.kind === "sqlite") return store.path;
  const dump = "pg_dump --format=custom --file=hookwright.dump hookwright";
  const spool = spoolPath(dataDir);
  throw new CliError(
    EXIT.usage,
    "The store is a PostgreSQL database, which its own tools back up while servers use it",
    server.spoolBytes === null
      ? `${dump}; see docs/backup.md`
      : // In this order: else what moves from the one to the other in between would be in neither.
        `first, for what was answered and is not in it yet, on each machine: hookwright backup create --from ${spool} spool.tar.gz; then ${dump}; see docs/backup.md`,
  );
}

function createView(output: Output) {
  const live = createLiveLine(output);
  return {
    show: ({ done, of }: { readonly done: number; readonly of: number }) =>
      live?.show(`${sizeOf(done)} of ${sizeOf(of)}`),
    end: () => live?.end(),
  };
}

export function addBackup(program: Command): void {
  const backup = program.command("backup").description("back the embedded store up, and restore it");
  const createCommand = backup
    .command("create")
    .description("copy the store as it is now, also while a server uses it, into one file")
    .argument("[file]", "a tar archive, compressed where it ends in .gz (default: hookwright-TIME.tar.gz)")
    .option("--from <path>", "path of the database (default: the settings' store)")
    .option("--allow-missing", "also where bodies of deliveries have been lost, without them");
  addBody(createCommand, {
    examples: ["hookwright backup create", "hookwright backup create backups/today.tar.gz --json"],
    input: createInput,
    run: create,
  });
  const verifyCommand = backup
    .command("verify")
    .description("look whether a backup is whole, every byte of it")
    .argument("<file>", "the backup");
  addBody(verifyCommand, {
    examples: ["hookwright backup verify backups/today.tar.gz"],
    input: fileInput,
    run: verify,
  });
  const restoreCommand = backup
    .command("restore")
    .description("put a backup in the place of the store, while no server uses it")
    .argument("<file>", "the backup")
    .option("--to <path>", "path of the database (default: the settings' store)")
    .option("--force", "put aside what is there, under another name")
    .option("--allow-missing", "also from a backup that lacks bodies of deliveries")
    .option("--drop-waiting", "end the tasks that waited, instead of leaving them to the next server");
  addBody(restoreCommand, {
    examples: [
      "hookwright backup restore backups/today.tar.gz --to restored/hookwright.db",
      "hookwright backup restore backups/today.tar.gz --to restored/hookwright.db --force --drop-waiting",
    ],
    input: restoreInput,
    run: restore,
  });
}
