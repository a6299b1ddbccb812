import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { onSignals } from "../../lib/signals.ts";
import { openSecretStore, secretPlaceOf } from "../../settings/secret-store.ts";
import { addBody, type Context } from "../command.ts";
import { settingsPath } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { collect, type ListenAddress, listenSchema } from "../inputs.ts";
import { startListener, type Heard } from "../listener.ts";
import type { Output } from "../output.ts";
import { pythonBytes } from "../python-bytes.ts";
import { messageOf } from "../../lib/message-of.ts";

const SECRET_VARIABLE = "WEBHOOK_SECRET";

const input = z.object({
  listen: listenSchema,
  path: z.string().regex(/^\//, "expected a path such as /webhook"),
  kind: z.string().optional(),
  secretFile: z.string().optional(),
  secretName: z.array(z.string()).default([]),
});
type Input = z.infer<typeof input>;

async function run({ options, output }: Context, given: Input): Promise<void> {
  const secrets = await secretsOf(settingsPath(options), given);
  const { listen, path, kind = null } = given;
  const onHeard = (heard: Heard): void => show(output, heard);
  const server = await startListener({ listen, path, kind, secrets, onHeard }).catch((error: unknown) => {
    throw cantListen(listen, error);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : listen.port;
  const closed = once(server, "close");
  // Before it says that it is there: whoever hears of it may end it at once.
  const off = onSignals({ SIGINT: close, SIGTERM: close });
  function close(): void {
    server.close();
    server.closeAllConnections();
  }
  output.note(`Listening on http://${listen.host}:${port}${path}`);
  await closed;
  off();
}

function cantListen({ host, port }: ListenAddress, error: unknown): CliError {
  const reason = messageOf(error);
  return new CliError(EXIT.failed, `Can't listen on ${host}:${port}: ${reason}`);
}

/** As the original has it: the whole file, without the space around it. */
async function secretsOf(settingsFile: string, { secretFile, secretName: names }: Input): Promise<string[]> {
  const secrets = secretFile === undefined ? [] : [await readSecret(secretFile)];
  if (names.length > 0) {
    const dir = dirname(settingsFile);
    const text = await readFile(settingsFile, "utf8").catch(() => "");
    const store = openSecretStore({ ...secretPlaceOf(text, dir), env: process.env });
    for (const name of names) secrets.push(store.read(name) ?? missing(name));
  }
  const given = process.env[SECRET_VARIABLE] ?? "";
  if (given !== "") secrets.push(given);
  if (secrets.length > 0) return secrets;
  throw new CliError(
    EXIT.usage,
    "Without a secret nothing can be verified",
    `Give --secret-file, --secret-name, or ${SECRET_VARIABLE} in the environment`,
  );
}

function missing(name: string): never {
  throw new CliError(EXIT.notFound, `There is no secret ${name}`);
}

async function readSecret(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new CliError(EXIT.notFound, `${file} can't be read: ${messageOf(error)}`);
  });
  if (text.trim() === "") throw new CliError(EXIT.usage, `${file} is empty`);
  return text.trim();
}

/** What came of JobServ is shown as its example receiver does. */
function show(output: Output, { kind, headers, body, status, problem }: Heard): void {
  const text = body.toString("utf8");
  if (output.json)
    return output.data({ kind, status, authentic: problem === null, problem, headers, body: text });
  if (kind === "jobserv") {
    output.line(`HMAC SIG ${headers["x-jobserv-sig"] ?? "None"}`);
    output.note(`BODY ${pythonBytes(body)}`);
  } else {
    output.line(`${kind}: ${problem === null ? "authentic" : "refused"}`);
    for (const [name, value] of Object.entries(headers)) output.line(`  ${name}: ${value}`);
    output.line(text);
  }
  if (problem !== null) output.note(`${status}: ${problem}`);
  return undefined;
}

export function addListen(program: Command): void {
  const command = program
    .command("listen")
    .description(
      "the example receiver: verify and print every webhook it is sent, and answer as the original does",
    )
    .option("--listen <host:port>", "where; port 0 takes a free one", "127.0.0.1:5000")
    .option("--path <path>", "where webhooks come to", "/webhook")
    .option("--kind <kind>", "take every request for this kind (default: by its headers)")
    .option("--secret-file <file>", `holds the secret; or ${SECRET_VARIABLE} in the environment`)
    .option(
      "--secret-name <name>",
      "a secret kept by `hookwright secrets set`; may be given several times",
      collect,
    );
  addBody(command, {
    examples: [
      "hookwright listen --secret-file webhook-secret",
      "hookwright listen --listen 5001 --kind standard-webhooks --secret-file webhook-secret",
    ],
    input,
    run,
  });
}
