import type { Command } from "commander";
import { z } from "zod";
import type { AttemptWire, EndpointWire } from "../../client/schemas.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatTime, type Output } from "../output.ts";
import { colors } from "../terminal.ts";

const nameInput = z.object({ name: z.string() });

function list(context: Context): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listEndpoints();
    if (output.json) return items.forEach((endpoint) => output.data(endpoint));
    if (items.length === 0) return output.note("No endpoints: the settings have no notify.");
    const header = ["name", "kind", "state", "waiting", "dead", "last success", "url", "note"];
    return output.table({ header, rows: items.map(rowOf) });
  });
}

const COLORS: Readonly<Record<EndpointWire["state"], (text: string) => string>> = {
  active: colors.green,
  paused: colors.yellow,
  broken: colors.red,
  disabled: colors.red,
  unknown: colors.dim,
};

const rowOf = (endpoint: EndpointWire): string[] => [
  endpoint.name,
  endpoint.kind ?? "-",
  COLORS[endpoint.state](endpoint.state),
  String(endpoint.waiting),
  String(endpoint.dead),
  formatTime(endpoint.last_success_at),
  endpoint.url ?? "-",
  endpoint.last_error ?? "",
];

function test(context: Context, { name }: z.infer<typeof nameInput>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const attempt = await client.testEndpoint(name);
    if (output.json) output.data(attempt);
    else showAttempt(output, attempt);
    return attempt.delivered ? EXIT.ok : EXIT.failed;
  });
}

function showAttempt(output: Output, { request, answer, error, delivered }: AttemptWire): void {
  output.line(colors.bold(request.method));
  for (const [header, value] of Object.entries(request.headers)) output.line(`  ${header}: ${value}`);
  output.line(`  ${request.body}`);
  if (answer !== null) {
    output.line(colors.bold(`Answer ${answer.status}`));
    for (const line of answer.body.split("\n").filter((each) => each.trim() !== "")) output.line(`  ${line}`);
  }
  output.line(delivered ? colors.green("Delivered") : `${colors.red("Not delivered")}: ${error ?? ""}`);
}

async function enable(context: Context, { name }: z.infer<typeof nameInput>): Promise<void> {
  const { output } = context;
  await withClient(context, { work: false }, ({ client }) => client.enableEndpoint(name));
  if (output.json) output.data({ enabled: name });
  else output.line(`${name} is sent messages again`);
}

export function addEndpoints(program: Command): void {
  const endpoints = program
    .command("endpoints")
    .description("who is told what has happened: list, test, enable");
  const listCommand = endpoints
    .command("list", { isDefault: true })
    .description("list endpoints and how they have answered lately");
  addBody(listCommand, { examples: ["hookwright endpoints"], input: z.object({}), run: list });
  const testCommand = endpoints
    .command("test")
    .description("send a test message at once, show request and answer; exits 1 when it was not taken")
    .argument("<name>", "the endpoint's name");
  addBody(testCommand, { examples: ["hookwright endpoints test ops"], input: nameInput, run: test });
  const enableCommand = endpoints
    .command("enable")
    .description("take an endpoint back that was disabled (410), paused or broken")
    .argument("<name>", "the endpoint's name");
  addBody(enableCommand, { examples: ["hookwright endpoints enable ops"], input: nameInput, run: enable });
}
