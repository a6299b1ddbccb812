import type { Command } from "commander";
import { z } from "zod";
import type { AuditEventWire, AuditQuery } from "../../client/audit.ts";
import { type Client, ConnectionError } from "../../client/client.ts";
import { AUDIT_ACTIONS, AUDIT_RESULTS } from "../../domain/audit.ts";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { limitSchema, pastSchema } from "../inputs.ts";
import { formatTime, type Output } from "../output.ts";
import { colors } from "../terminal.ts";

const input = z.object({
  actor: z.string().optional(),
  action: z.enum(AUDIT_ACTIONS, { error: `expected one of ${AUDIT_ACTIONS.join(", ")}` }).optional(),
  target: z.string().optional(),
  result: z.enum(AUDIT_RESULTS, { error: `expected ${AUDIT_RESULTS.join(" or ")}` }).optional(),
  since: pastSchema.optional(),
  until: pastSchema.optional(),
  limit: limitSchema,
  follow: flag,
});

function run(context: Context, { follow, limit, ...filter }: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client, offline }) => {
    if (follow && offline) throw new CliError(EXIT.usage, "No server runs, so there is nothing to follow");
    const events = await newest(client, filter, limit);
    if (follow) return followOn({ client, output, filter }, events);
    if (output.json) events.forEach((event) => output.data(event));
    else if (events.length === 0) output.note("Nothing.");
    else output.table({ header: HEADER, rows: events.map(rowOf) });
    return EXIT.ok;
  });
}

type Filter = Omit<AuditQuery, "cursor" | "limit">;

/** A page with a filter may hold fewer than asked for, and still not be the last. */
async function newest(client: Client, filter: Filter, limit: number): Promise<readonly AuditEventWire[]> {
  const found: AuditEventWire[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listAudit({ ...filter, limit: limit - found.length, cursor });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && found.length < limit);
  return found;
}

interface Following {
  readonly client: Client;
  readonly output: Output;
  readonly filter: Filter;
}

/** At most so many between two looks; more would be left out. */
const LOOK = 500;

async function followOn(
  { client, output, filter }: Following,
  first: readonly AuditEventWire[],
): Promise<number> {
  let known = new Set<string>();
  const show = (events: readonly AuditEventWire[]): void => {
    for (const event of events.toReversed()) {
      if (known.has(event.id)) continue;
      if (output.json) output.data(event);
      else output.line(rowOf(event).join("  "));
    }
    known = new Set([...known, ...events.map(({ id }) => id)].slice(-2 * LOOK));
  };
  show(first);
  const since = first[0]?.time ?? new Date().toISOString();
  try {
    for await (const news of client.live({ signal: output.gone })) {
      const worth = news.type === "ready" || (news.type === "changed" && news.topics.includes("audit"));
      if (worth) show((await client.listAudit({ ...filter, since, limit: LOOK })).items);
    }
  } catch (error) {
    if (!output.gone.aborted) throw error;
  }
  if (output.gone.aborted) return EXIT.ok;
  throw new ConnectionError(client.url, null);
}

const HEADER = ["time", "who", "what", "to", "way", "from", "result", "details"];

const rowOf = (event: AuditEventWire): string[] => [
  formatTime(event.time),
  event.actor,
  event.action,
  event.target ?? "",
  event.way,
  event.address ?? "",
  event.result === "done" ? colors.green("done") : colors.red(event.code ?? "refused"),
  Object.entries(event.details)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" "),
];

export function addAudit(program: Command): void {
  const command = program
    .command("audit")
    .description("list who did what, newest first; the details are in --json too")
    .option("--actor <who>", "token:NAME, user:NAME, source:NAME, kapp or server")
    .option("--action <name>", "such as task.cancel or token.create")
    .option("--target <what>", "such as task:ID or token:NAME")
    .option("--result <result>", "done or refused")
    .option("--since <when>", "a duration ago (90d), or a time (RFC 3339)")
    .option("--until <when>", "the same, for the end")
    .option("--limit <count>", "how many, at most 500", "20")
    .option("-f, --follow", "go on with what comes, until Ctrl-C");
  addBody(command, {
    examples: ["hookwright audit", "hookwright audit --action token.create --since 90d --json"],
    input,
    run,
  });
}
