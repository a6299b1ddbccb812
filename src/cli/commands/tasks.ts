import { z } from "zod";
import { TASK_STATES } from "../../domain/task.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { findTask, shortId } from "../find.ts";
import { followTask } from "../follow.ts";
import { formatTime } from "../output.ts";
import { action, type Command, examples, withClient, type Context } from "../program.ts";
import { colorState, logLine } from "../task-view.ts";

interface ListOptions {
  readonly action?: string;
  readonly state?: string;
  readonly limit: string;
}

const LIMIT_HINT = "expected a number from 1 to 500";

export function parseLimit(text: string): number {
  const limit = z.coerce.number().int().min(1).max(500).safeParse(text);
  if (limit.success) return limit.data;
  throw new CliError(EXIT.usage, `--limit ${text}: ${LIMIT_HINT}`);
}

async function listTasks(context: Context, options: ListOptions): Promise<void> {
  const { output } = context;
  const limit = parseLimit(options.limit);
  const state = TASK_STATES.find((each) => each === options.state?.toUpperCase());
  if (options.state !== undefined && state === undefined) {
    throw new CliError(
      EXIT.usage,
      `There is no state ${options.state}; it is one of ${TASK_STATES.join(", ")}`,
    );
  }
  await withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listTasks({ limit, action: options.action, state });
    if (output.json) return items.forEach((task) => output.data(task));
    if (items.length === 0) return output.note("No tasks yet. Start one with: hookwright trigger ACTION");
    const rows = items.map((task) => [
      task.id,
      task.action,
      colorState(task, output.colors),
      `${Math.floor(task.progress)}%`,
      formatTime(task.created_at),
      task.reason ?? "",
    ]);
    return output.table(["id", "action", "state", "progress", "created", "reason"], rows);
  });
}

async function cancel(context: Context, ref: string, { wait }: { wait?: boolean }): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const id = await findTask(client, ref);
    const task = await client.cancelTask(id);
    if (wait === true) {
      await followTask({ client, output, id });
      return EXIT.ok;
    }
    if (output.json) output.data(task);
    else output.line(`${id} is ${task.state}`);
    return EXIT.ok;
  });
}

async function logs(context: Context, ref: string, { follow }: { follow?: boolean }): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client, offline }) => {
    const id = await findTask(client, ref);
    if (follow === true && !offline) return followTask({ client, output, id });
    for (let after = 0; ;) {
      const { items } = await client.listLog(id, { after, limit: 1_000 });
      for (const entry of items) {
        if (output.json) output.data(entry);
        else output.line(logLine(entry, output.colors));
      }
      const last = items.at(-1);
      if (last === undefined) return EXIT.ok;
      after = last.seq;
    }
  });
}

async function retry(context: Context, ref: string, { follow }: { follow?: boolean }): Promise<number> {
  const { output } = context;
  return withClient(context, { work: true }, async ({ client, offline }) => {
    const task = await client.retryTask(await findTask(client, ref));
    if (follow === true || offline) return followTask({ client, output, id: task.id });
    if (output.json) output.data(task);
    else output.line(`${task.id} started; follow it with: hookwright follow ${shortId(task.id)}`);
    return EXIT.ok;
  });
}

const follow = (context: Context, ref: string): Promise<number> =>
  withClient(context, { work: false }, async ({ client, offline }) => {
    if (offline)
      throw new CliError(
        EXIT.noServer,
        "No server runs, so nothing happens that could be followed",
        "Start one with: hookwright serve",
      );
    return followTask({ client, output: context.output, id: await findTask(client, ref) });
  });

const TASK = "the task's id, a part of it that is unique, or `last`";

/** Commands about tasks. */
export function addTaskCommands(program: Command): void {
  program
    .command("tasks")
    .description("list tasks, newest first")
    .option("--action <name>", "only of this action")
    .option("--state <state>", `only in this state: ${TASK_STATES.join(", ")}`)
    .option("--limit <count>", "how many", "20")
    .addHelpText(
      "after",
      examples("hookwright tasks", "hookwright tasks --state running", "hookwright tasks --json"),
    )
    .action(action(listTasks));
  program
    .command("follow")
    .description("show a task live to its end; exits 1 when it does not succeed")
    .argument("<task>", TASK)
    .addHelpText("after", examples("hookwright follow last"))
    .action(action(follow));
  program
    .command("cancel")
    .description("cancel a waiting or running task: its processes are ended, its done steps undone")
    .argument("<task>", TASK)
    .option("--wait", "follow it to its end")
    .addHelpText("after", examples("hookwright cancel last --wait"))
    .action(action(cancel));
  program
    .command("retry")
    .description("start a new task like one that has ended")
    .argument("<task>", TASK)
    .option("--follow", "show it live to its end")
    .addHelpText("after", examples("hookwright retry last --follow"))
    .action(action(retry));
  program
    .command("logs")
    .description("print a task's log")
    .argument("<task>", TASK)
    .option("-f, --follow", "go on until its end")
    .addHelpText("after", examples("hookwright logs last", "hookwright logs last --json"))
    .action(action(logs));
}
