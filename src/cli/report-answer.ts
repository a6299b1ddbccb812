import type { Client } from "../client/client.ts";
import type { ReceivedWire } from "../client/schemas.ts";
import { shortId } from "./find.ts";
import { inWords } from "./invocation.ts";
import type { Output } from "./output.ts";
import type { Answer } from "./post-webhook.ts";
import { printReasons, type Reason } from "./reasons.ts";
import { colors } from "./terminal.ts";

export interface ReportInput {
  readonly output: Output;
  readonly url: string;
  readonly answer: Answer;
  /** Of the server that answered; null: only the answer itself is known. */
  readonly client: Client | null;
  /** Whether tasks are followed at once: then nobody need be told how to. */
  readonly follows: boolean;
}

type StartedTaskWire = ReceivedWire["tasks"][number];

interface Outcome {
  readonly tasks: readonly StartedTaskWire[];
  readonly reasons: readonly Reason[];
}

/** Shows what became of a webhook, and why. Resolves with the tasks that it started. */
export async function reportAnswer(input: ReportInput): Promise<readonly StartedTaskWire[]> {
  const { output, url, answer } = input;
  const outcome = await outcomeOf(input);
  if (output.json) output.data(asData(url, answer, outcome));
  else showAnswer(input, outcome);
  return outcome.tasks;
}

/** The server knows the reasons also where something started, or where its answer is in words for a sender. */
async function outcomeOf({ answer, client }: ReportInput): Promise<Outcome> {
  const { received, delivery } = answer;
  const told = { tasks: received?.tasks ?? [], reasons: received?.reasons ?? [] };
  if (client === null || delivery === null) return told;
  const { reasons, tasks } = await client.explainDelivery(delivery);
  return { reasons, tasks: received?.tasks ?? tasks };
}

function asData(url: string, { status, received, problem, delivery }: Answer, { tasks, reasons }: Outcome) {
  const error = problem === null ? null : { code: problem.code, detail: problem.detail };
  return { url, status, delivery, duplicate: received?.duplicate ?? false, tasks, reasons, error };
}

function showAnswer({ output, answer, follows }: ReportInput, { tasks, reasons }: Outcome): void {
  const { status, received, problem, delivery, text } = answer;
  const good = status < 300;
  output.line(
    `${good ? colors.green(`← ${status}`) : colors.red(`← ${status}`)} ${saidBy(answer)}`.trimEnd(),
  );
  if (delivery !== null) {
    const before = received?.duplicate === true ? "The same as before: delivery" : "Stored as delivery";
    output.line(`${before} ${delivery}`);
  }
  for (const { id, action } of tasks) {
    const how = follows ? "" : `; follow it with: ${inWords(`follow ${shortId(id)}`)}`;
    output.line(`Started ${action}: ${id}${how}`);
  }
  printReasons(output, reasons);
  if (received === null && problem === null && text !== "" && !good) output.prose(text.slice(0, 2_000));
}

/** A ping, an error, or what a sender of that kind is told. */
function saidBy({ received, problem, text }: Answer): string {
  if (problem !== null) return `${problem.detail} (${problem.code})`;
  if (received !== null) return received.event === "ping" ? "the test of the connection" : "";
  return (text.split("\n", 1)[0] ?? "").slice(0, 200);
}
