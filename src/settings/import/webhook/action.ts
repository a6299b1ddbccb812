import { stepKinds } from "../../../steps/registry.ts";
import { escapeVariables, literal } from "../../environment-values.ts";
import { variableName } from "../../fields.ts";
import type { Draft } from "../draft.ts";
import type { Argument, Hook } from "./schema.ts";
import { valueOf } from "./values.ts";

export interface MadeAction {
  readonly params: Readonly<Record<string, unknown>>;
  /** Param → CEL, for the rule that starts it. */
  readonly with: Readonly<Record<string, string>>;
  /** The other keys. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** Every expression in it. */
  readonly cel: readonly string[];
}

/** The command of a hook, as an action of one step. */
export function actionOf(draft: Draft, hook: Hook): MadeAction {
  const values = createValues(draft, hook);
  const args = hook["pass-arguments-to-command"].map((argument) => values.template(argument, "an argument"));
  const argv = [literal(hook["execute-command"]), ...args];
  const env = environmentOf(draft, hook, values);
  const files = filesOf(draft, hook, values);
  const dir = hook["command-working-directory"];
  if (values.params.size > 0) {
    draft.note(
      `hook ${hook.id}: a value that begins with - or is longer than 4096 characters is refused here; where the command can take the first, say allow_leading_dash`,
    );
  }
  return {
    params: Object.fromEntries([...values.params].map(([name]) => [name, { default: "" }])),
    with: Object.fromEntries(values.params),
    cel: values.cel,
    rest: {
      concurrency: { policy: "parallel" },
      ...(dir !== "" && { workdir: escapeVariables(dir) }),
      ...(Object.keys({ ...env, ...files.env }).length > 0 && { env: { ...env, ...files.env } }),
      steps: [stepOf(draft, hook, files.wrap(argv))],
    },
  };
}

interface Values {
  readonly params: ReadonlyMap<string, string>;
  readonly cel: readonly string[];
  /** What stands for a value in an argument or the environment; `long`: it may be too long for a param. */
  template(argument: Argument, what: string, long?: boolean): string;
}

/** Short values become params, which a task shows; whole bodies are read from the event. */
function createValues(draft: Draft, hook: Hook): Values {
  const params = new Map<string, string>();
  const cel: string[] = [];

  function paramFor(expression: string, { name }: Argument): string {
    const known = [...params].find(([, other]) => other === expression);
    if (known !== undefined) return known[0];
    const plain = name
      .replaceAll(/\W+/g, "_")
      .replace(/^(?=\d)/, "_")
      .slice(0, 100);
    const free = firstFree(plain === "" ? "value" : plain, params);
    params.set(free, expression);
    return free;
  }

  return {
    params,
    cel,
    template(argument, what, long = false) {
      const value = valueOf(argument, hook);
      if (value.kind === "text") return literal(value.text);
      if (value.kind === "none") {
        draft.note(
          `hook ${hook.id}: ${what} (${argument.source} ${argument.name}) is empty here: ${value.why}`,
        );
        return "";
      }
      noteWhole(draft, hook, argument);
      cel.push(value.cel);
      return value.simple && !long
        ? `\${{ params.${paramFor(value.cel, argument)} }}`
        : `\${{ ${value.cel} }}`;
    },
  };
}

function noteWhole(draft: Draft, { id }: Hook, { source }: Argument): void {
  if (source === "raw-request-body")
    draft.note(`hook ${id}: of the raw body the command gets the JSON, written anew`);
  if (source === "entire-headers")
    draft.note(
      `hook ${id}: of the headers the command gets those that are kept: the kind's own, and keep_headers`,
    );
}

function firstFree(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? wanted : `${wanted}_${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

const PREFIX = "HOOK_";

function environmentOf(draft: Draft, hook: Hook, values: Values): Record<string, string> {
  const env: Record<string, string> = {};
  for (const argument of hook["pass-environment-to-command"]) {
    const name = variableOf(draft, hook, argument.envname ?? PREFIX + argument.name);
    env[name] = escaped(values.template(argument, `the variable ${name}`));
  }
  return env;
}

/** `${NAME}` is read in values of env; a template stays. */
const escaped = (text: string): string => text.replaceAll(/\$\{(?!\{)/g, () => "$${");

function variableOf(draft: Draft, { id }: Hook, wanted: string): string {
  const plain = wanted
    .replaceAll(/\W/g, "_")
    .replace(/^(?=\d)/, "_")
    .replace(/^HOOKWRIGHT_/, "HOOK_");
  const name = variableName.safeParse(plain).success ? plain : "HOOK_VALUE";
  if (name !== wanted)
    draft.note(`hook ${id}: the variable ${JSON.stringify(wanted)} is called ${name} here`);
  return name;
}

interface Files {
  readonly env: Readonly<Record<string, string>>;
  /** The command, with what writes the files before it and removes them behind it. */
  wrap(argv: readonly string[]): readonly string[];
}

/** webhook wrote a file and named it in a variable; here a line of shell does, since a step has no such thing. */
function filesOf(draft: Draft, hook: Hook, values: Values): Files {
  const files = hook["pass-file-to-command"].map((argument, index) => ({
    content: `FILE_CONTENT_${index + 1}`,
    name: variableOf(draft, hook, argument.envname ?? PREFIX + argument.name.toUpperCase()),
    text: escaped(values.template(argument, `the file ${argument.name}`, true)),
    decode: argument.base64decode ? " | base64 -d" : "",
  }));
  if (files.length === 0) return { env: {}, wrap: (argv) => argv };
  draft.note(
    `hook ${hook.id}: its files are written by a line of shell; each may have 128 KiB, which is as much as a variable can hold`,
  );
  const names = files.map(({ name }) => `"$${name}"`).join(" ");
  const script = [
    "set -e",
    ...files.map(({ name }) => `${name}=$(mktemp)`),
    `trap 'rm -f ${names}' EXIT`,
    ...files.map(({ name, content, decode }) => `printf %s "$${content}"${decode} > "$${name}"`),
    `unset ${files.map(({ content }) => content).join(" ")}`,
    `export ${files.map(({ name }) => name).join(" ")}`,
    '"$@"',
  ].join("; ");
  return {
    env: Object.fromEntries(files.map(({ content, text }) => [content, text])),
    wrap: (argv) => ["sh", "-c", script, "sh", ...argv],
  };
}

/** What can't be a command here fails when it is run, rather than to be left out in silence. */
function stepOf(draft: Draft, { id }: Hook, argv: readonly string[]): Readonly<Record<string, unknown>> {
  if (stepKinds.get("run")?.schema.safeParse(argv).success === true) return { run: argv };
  draft.note(`hook ${id}: its command can't be one here, so its step fails; write it anew`);
  return { run: ["false"] };
}
