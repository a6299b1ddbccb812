import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { problemSchema, receivedSchema } from "../client/schemas.ts";
import { makeDemoPush } from "../settings/demo-repository.ts";
import type { Settings } from "../settings/settings.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { inWords } from "./invocation.ts";
import type { Output } from "./output.ts";
import { colors } from "./terminal.ts";

export interface DemoOptions {
  readonly output: Output;
  readonly settings: Settings;
  /** Of the server. */
  readonly url: string;
}

const repositoryOf = ({ dir }: Pick<Settings, "dir">): string => join(dir, "demo", "site");

export const hasDemo = (settings: Settings): boolean =>
  settings.sources["demo"] !== undefined && existsSync(repositoryOf(settings));

/** Commits to the demo's repository and sends the push of it, really signed, over HTTP. Resolves with the task it started. */
export async function sendDemoPush({ output, settings, url }: DemoOptions): Promise<string> {
  const source = settings.sources["demo"];
  if (source === undefined || !hasDemo(settings)) {
    throw new CliError(
      EXIT.usage,
      "The settings have no demo",
      "Try it in a folder of its own: npm start -- --settings FOLDER/hookwright.yaml",
    );
  }
  const { body, headers, message, sha } = await makeDemoPush(repositoryOf(settings));
  const signature = createHmac("sha256", demoSecret(settings)).update(body).digest("hex");
  output.note(colors.dim(`→ POST ${url}${source.path}`));
  output.note(colors.dim(`  push to main, ${sha.slice(0, 12)} "${message}"`));
  const response = await fetch(url + source.path, {
    method: "POST",
    body,
    headers: { ...headers, "x-hub-signature-256": `sha256=${signature}` },
  });
  return taskOf(response, output);
}

async function taskOf(response: Response, output: Output): Promise<string> {
  const answer: unknown = await response.json();
  if (!response.ok) {
    const { data } = problemSchema.safeParse(answer);
    throw new CliError(EXIT.failed, `The server answered ${response.status}: ${data?.detail ?? "no reason"}`);
  }
  const { delivery, tasks } = receivedSchema.parse(answer);
  output.note(colors.dim(`← ${response.status}, signature good, stored as delivery ${delivery}`));
  const [task] = tasks;
  if (task === undefined) {
    throw new CliError(EXIT.failed, "The push started nothing", `See why: ${inWords("explain last")}`);
  }
  return task.id;
}

const secretsSchema = z.looseObject({
  sources: z.looseObject({
    demo: z.looseObject({ secrets: z.tuple([z.string().min(1)], z.unknown()) }),
  }),
});

/** The first one, from the settings text: a bound source does not give its secrets away. */
function demoSecret({ text }: Pick<Settings, "text">): string {
  const parsed = secretsSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data.sources.demo.secrets[0];
  throw new CliError(EXIT.usage, "The demo can only sign with a secret that stands in the settings itself");
}
