import { z } from "zod";
import { escapeVariables } from "../environment-values.ts";
import { variableName } from "../fields.ts";
import type { Report } from "../problems.ts";
import { shellSteps } from "./commands.ts";
import { addAutomataSource } from "./automata-source.ts";
import type { Draft } from "./draft.ts";
import { readKnown } from "./read-known.ts";

const endpointShape = {
  suffix: z.string(),
  provider: z.string(),
  secret_token: z.unknown().optional(),
};
const actionShape = {
  type: z.string(),
  commands: z.array(z.unknown()).default([]),
  env: z.record(z.string(), z.unknown()).default({}),
  stop_on_error: z.boolean().default(true),
  callable: z.unknown().optional(),
};
const automatonShape = { endpoint: z.strictObject(endpointShape), action: z.strictObject(actionShape) };
const shape = { automata: z.array(z.strictObject(automatonShape)) };
const schema = z.strictObject(shape);
type Automaton = z.output<typeof schema>["automata"][number];

/** 2023, v0.3.0: a list of endpoints, each with its commands. It never ran more than one of them; here all are. */
export function fromList(draft: Draft, data: unknown, report: Report): void {
  const settings = readKnown({ draft, schema, data, report, of: "webhooks_automata" });
  if (settings === null) return;
  draft.listen("127.0.0.1:8000");
  for (const automaton of settings.automata) addAutomaton(draft, automaton);
}

function addAutomaton(draft: Draft, { endpoint, action }: Automaton): void {
  const { suffix, provider, secret_token: secret } = endpoint;
  const name = draft.name(suffix);
  addAutomataSource(draft, { name, provider, secret, path: `/${suffix}` });
  if (provider === "plain" && secret !== undefined)
    draft.note(`source ${name}: plain never looked at secret_token; left out`);
  const env = envOf(draft, name, action.env);
  draft.addAction(name, {
    on: [{ source: name }],
    ...(Object.keys(env).length > 0 && { env }),
    steps: stepsOf(draft, name, action),
  });
}

function stepsOf(
  draft: Draft,
  name: string,
  { type, commands, stop_on_error: stops }: Automaton["action"],
): unknown[] {
  if (type !== "commands")
    draft.note(`action ${name}: its type was ${type}, which did nothing there; write steps for it`);
  else if (commands.length === 0) draft.note(`action ${name}: it had no commands`);
  const steps = type === "commands" ? shellSteps({ draft, name, commands }) : [];
  if (steps.length === 0) return [{ run: ["true"] }];
  return steps.map((step) => ({ ...step, ...(!stops && { continue_on_error: true }) }));
}

function envOf(draft: Draft, name: string, given: Readonly<Record<string, unknown>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!variableName.safeParse(key).success || key.startsWith("HOOKWRIGHT_")) {
      draft.note(`action ${name}: ${JSON.stringify(key)} can't name a variable of the environment; left out`);
      continue;
    }
    env[key] = escapeVariables(typeof value === "string" ? value : JSON.stringify(value));
  }
  if (Object.keys(env).length > 0)
    draft.note(`action ${name}: webhooks_automata never passed env on; here the commands get it`);
  return env;
}
