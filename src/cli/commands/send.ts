import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { followTask } from "../follow.ts";
import { make, senderOf } from "../make-webhook.ts";
import { madeEvent } from "../made-event.ts";
import type { Output } from "../output.ts";
import { post } from "../post-webhook.ts";
import { reportAnswer } from "../report-answer.ts";
import { findSigningSource, urlOf } from "../send-target.ts";
import { colors } from "../terminal.ts";
import type { MadeRequest } from "../../senders/sender.ts";
import type { SigningSource } from "../../settings/signing-source.ts";
import { messageOf } from "../../lib/message-of.ts";

const input = z.object({
  source: z.string(),
  event: z.string(),
  to: z.url({ protocol: /^https?$/, error: "expected a URL such as https://hooks.example.com" }).optional(),
  branch: z.string(),
  tag: z.string(),
  repository: z.string().optional(),
  sha: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/, "expected 7 to 64 hexadecimal digits")
    .optional(),
  message: z.string(),
  status: z.string().optional(),
  draft: flag,
  fork: flag,
  payload: z.string().optional(),
  form: flag,
  follow: flag,
  kind: z.string().optional(),
  secret: z.string().optional(),
  secretFile: z.string().optional(),
});
type Given = z.infer<typeof input>;

async function run(context: Context, given: Given): Promise<number> {
  const { options, output } = context;
  const source = await findSigningSource({ ...given, options });
  const made = await makeRequest(source, given);
  if (given.to !== undefined) return sendElsewhere(output, urlOf(given.to, source.path), made);
  return withClient(context, { work: true }, async (connection) => {
    const { client, hooks, offline } = connection;
    const url = hooks.url + source.path;
    announce(output, url);
    const answer = await post(url, made, hooks.fetch);
    const tasks = await reportAnswer({ output, url, answer, client, follows: given.follow || offline });
    let code: number = answer.status < 300 ? EXIT.ok : EXIT.failed;
    for (const { id } of given.follow || offline ? tasks : []) {
      code = Math.max(code, await followTask({ connection, output, id }));
    }
    return code;
  });
}

async function sendElsewhere(output: Output, url: string, made: MadeRequest): Promise<number> {
  announce(output, url);
  const answer = await post(url, made);
  await reportAnswer({ output, url, answer, client: null, follows: false });
  return answer.status < 300 ? EXIT.ok : EXIT.failed;
}

const announce = (output: Output, url: string): void => output.note(colors.dim(`→ POST ${url}`));

async function makeRequest(source: SigningSource, given: Given): Promise<MadeRequest> {
  const payload = given.payload === undefined ? null : await readText(given.payload);
  const order = {
    ...madeEvent(source, given.event, { ...given, payload }),
    form: given.form || senderOf(source).sendsForms === true,
    id: randomUUID(),
    now: new Date(),
  };
  return make(source, order, await secretOf(given));
}

async function secretOf({ secret, secretFile }: Given): Promise<string | undefined> {
  return secretFile === undefined ? secret : (await readText(secretFile)).replace(/\r?\n$/, "");
}

/** `-`: standard input. */
const readText = (file: string): Promise<string> =>
  (file === "-" ? textOf(process.stdin) : readFile(file, "utf8")).catch((error: unknown) => {
    const reason = messageOf(error);
    throw new CliError(EXIT.notFound, `${file} can't be read: ${reason}`);
  });

export function addSend(program: Command): void {
  const command = program
    .command("send")
    .description("make a webhook as a source's sender would, signed, send it, and show what became of it")
    .argument("<source>", "name of the source, whose secret signs it")
    .argument(
      "<event>",
      "push, tag, pull_request, release, build, image, health, ping, or the sender's own name",
    )
    .option("--to <url>", "server to send it to, or the whole URL (default: the running one of the settings)")
    .option("--branch <name>", "branch of the event", "main")
    .option("--tag <name>", "tag of the event", "v1.0.0")
    .option("--repository <owner/name>", "repository of the event (default: octo/app)")
    .option("--sha <id>", "commit of the event (default: one that nobody has)")
    .option(
      "--message <text>",
      "message of the commit, title of the pull request",
      "A test by hookwright send",
    )
    .option("--status <word>", "of a build or an application, in the sender's words (default: its success)")
    .option("--draft", "the pull request is a draft")
    .option("--fork", "the pull request comes from a fork")
    .option("--payload <file>", "send this JSON instead of a made-up one; `-` reads standard input")
    .option("--form", "send a form with the JSON in its field payload")
    .option("-f, --follow", "show what it starts live to its end; exits 1 when something does not succeed")
    .option("--kind <kind>", "without settings: the kind of source it is for, with its usual options")
    .option(
      "--secret <secret>",
      "sign with this (other accounts of this machine can see it: rather use a file)",
    )
    .option("--secret-file <file>", "sign with what this file holds");
  addBody(command, {
    examples: [
      "hookwright send app push --branch main --follow",
      "hookwright send app push --branch other --message 'Fix it [skip ci]'",
      "hookwright send app ping --json",
    ],
    input,
    run,
  });
}
