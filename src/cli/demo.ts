import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { makeDemoPush } from "../settings/demo-repository.ts";
import { readSigningSource } from "../settings/signing-source.ts";
import type { Settings } from "../settings/settings.ts";
import type { Connection } from "./connect.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { inWords } from "./invocation.ts";
import { make } from "./make-webhook.ts";
import type { Output } from "./output.ts";
import { type Answer, post } from "./post-webhook.ts";
import { colors } from "./terminal.ts";

export interface DemoOptions {
  readonly output: Output;
  readonly settings: Settings;
  readonly hooks: Connection["hooks"];
}

const repositoryOf = ({ dir }: Pick<Settings, "dir">): string => join(dir, "demo", "site");

export const hasDemo = (settings: Settings): boolean =>
  settings.sources["demo"] !== undefined && existsSync(repositoryOf(settings));

/** Commits to the demo's repository and sends the push of it, really signed, over HTTP. Resolves with the task it started. */
export async function sendDemoPush({ output, settings, hooks }: DemoOptions): Promise<string> {
  const signing = readSigningSource(settings, "demo", process.env);
  if (signing === null || !hasDemo(settings)) {
    throw new CliError(
      EXIT.usage,
      "The settings have no demo",
      "Try it in a folder of its own: npm start -- --settings FOLDER/hookwright.yaml",
    );
  }
  const { json, message, sha } = await makeDemoPush(repositoryOf(settings));
  const order = { event: "push", json, form: false, id: randomUUID(), now: new Date() };
  const made = make(signing, order);
  const url = hooks.url + signing.path;
  output.note(colors.dim(`→ POST ${url}`));
  output.note(colors.dim(`  push to main, ${sha.slice(0, 12)} "${message}"`));
  return taskOf(await post(url, made, hooks.fetch), output);
}

function taskOf({ status, received, problem }: Answer, output: Output): string {
  if (received === null) {
    throw new CliError(EXIT.failed, `The server answered ${status}: ${problem?.detail ?? "no reason"}`);
  }
  const { delivery, tasks } = received;
  output.note(colors.dim(`← ${status}, signature good, stored as delivery ${delivery}`));
  const [task] = tasks;
  if (task === undefined) {
    throw new CliError(EXIT.failed, "The push started nothing", `See why: ${inWords("explain last")}`);
  }
  return task.id;
}
