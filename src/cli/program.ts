import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { addApprove } from "./commands/approve.ts";
import { addAudit } from "./commands/audit.ts";
import { addBackup } from "./commands/backup.ts";
import { addCancel } from "./commands/cancel.ts";
import { addChannel } from "./commands/channel.ts";
import { addCheck } from "./commands/check.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addDeliveries } from "./commands/deliveries.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEndpoints } from "./commands/endpoints.ts";
import { addExplain } from "./commands/explain.ts";
import { addFollow } from "./commands/follow.ts";
import { addForward } from "./commands/forward.ts";
import { addHashToken } from "./commands/hash-token.ts";
import { addImport } from "./commands/import.ts";
import { addInit } from "./commands/init.ts";
import { addListen } from "./commands/listen.ts";
import { addLogs } from "./commands/logs.ts";
import { addMigrateStore } from "./commands/migrate-store.ts";
import { addNodes } from "./commands/nodes.ts";
import { addPrune } from "./commands/prune.ts";
import { addPurgeLog } from "./commands/purge-log.ts";
import { addRelay } from "./commands/relay.ts";
import { addReleases } from "./commands/releases.ts";
import { addRevisions } from "./commands/revisions.ts";
import { addReplay } from "./commands/replay.ts";
import { addRetry } from "./commands/retry.ts";
import { addRollback } from "./commands/rollback.ts";
import { addSchema } from "./commands/schema.ts";
import { addSecrets } from "./commands/secrets.ts";
import { addSend } from "./commands/send.ts";
import { addServe } from "./commands/serve.ts";
import { addSources } from "./commands/sources.ts";
import { addStart } from "./commands/start.ts";
import { addTasks } from "./commands/tasks.ts";
import { addToken } from "./commands/token.ts";
import { addTrigger } from "./commands/trigger.ts";
import { addUser } from "./commands/user.ts";

/** Every command, in the order of `--help`, by what they are about. */
const GROUPS: Readonly<Record<string, readonly ((program: Command) => void)[]>> = {
  "The server:": [addStart, addServe, addDoctor, addNodes, addDemo],
  "Settings:": [addInit, addCheck, addSchema, addImport, addSecrets],
  "Tasks:": [addTrigger, addTasks, addFollow, addLogs, addPurgeLog, addApprove, addCancel, addRetry],
  "Releases:": [addReleases, addRevisions, addRollback],
  "Deliveries:": [addDeliveries, addExplain, addReplay, addSend, addSources],
  "Notifications:": [addEndpoints, addDeadLetters, addListen],
  "The store:": [addAudit, addPrune, addBackup, addMigrateStore],
  "A relay:": [addRelay, addChannel, addForward],
  "Tokens:": [addToken, addUser, addHashToken],
  "This command line:": [addCompletion],
};

/** The whole command line; it throws CommanderError instead of ending the process. */
export function createProgram(): Command {
  const program = new Command("hookwright")
    .description(
      "Turns webhooks into deployments: received, authenticated, stored, run, followed, cancelled, undone.",
    )
    .version(manifest.version)
    .option("-s, --settings <file>", "settings file (default: hookwright.yaml)")
    .option("--url <url>", "a server elsewhere (or HOOKWRIGHT_URL)")
    .option("--token <token>", "its token (or HOOKWRIGHT_TOKEN)")
    .option("--json", "results as JSON, one object per line")
    .option("--no-color", "no colours")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride();
  for (const [heading, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const add of commands) add(program);
  }
  return program;
}
