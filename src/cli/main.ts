import { Command, CommanderError } from "commander";
import pc from "picocolors";
import manifest from "../../package.json" with { type: "json" };
import { ApiError, ConnectionError } from "../client/client.ts";
import { AppError } from "../domain/errors.ts";
import { addDeliveryCommands } from "./commands/deliveries.ts";
import { addServeCommands } from "./commands/serve.ts";
import { addSettingsCommands } from "./commands/settings.ts";
import { addTaskCommands } from "./commands/tasks.ts";
import { addTokenCommands } from "./commands/tokens.ts";
import { addTriggerCommand } from "./commands/trigger.ts";
import { CliError, EXIT, exitCodeOf } from "./exit-codes.ts";

function createProgram(): Command {
  const program = new Command("hookwright")
    .description(
      "Turns webhooks into deployments: received, authenticated, stored, run, followed, cancelled, undone.",
    )
    .version(manifest.version)
    .option("-s, --settings <file>", "settings file (default: hookwright.yaml)")
    .option("--url <url>", "a server elsewhere (or HOOKWRIGHT_URL)")
    .option("--token <token>", "its token (or HOOKWRIGHT_TOKEN)")
    .option("--json", "results as JSON, one object per line")
    .option("--no-color", "no colours and no live progress")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride();
  addServeCommands(program);
  addSettingsCommands(program);
  addTriggerCommand(program);
  addTaskCommands(program);
  addDeliveryCommands(program);
  addTokenCommands(program);
  return program;
}

function report(error: unknown): void {
  const { message, hint } = describe(error);
  process.stderr.write(`${pc.red("error")}: ${message}\n`);
  if (hint !== null) process.stderr.write(`${hint}\n`);
  if (process.env["DEBUG"] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack ?? ""}\n`);
}

function describe(error: unknown): { readonly message: string; readonly hint: string | null } {
  if (error instanceof CliError) return { message: error.message, hint: error.hint };
  if (error instanceof ApiError || error instanceof AppError) {
    return { message: `${error.message} (${error.code})`, hint: null };
  }
  if (error instanceof ConnectionError)
    return { message: error.message, hint: "Is it running? Start it with: hookwright serve" };
  return { message: error instanceof Error ? error.message : String(error), hint: null };
}

/** A reader that goes away (`| head`) is no fault. */
function endOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(EXIT.ok);
      throw error;
    });
  }
}

endOnClosedPipe();
try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    report(error);
    process.exitCode = exitCodeOf(error);
  }
}
