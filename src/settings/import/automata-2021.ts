import { z } from "zod";
import { escapeVariables } from "../environment-values.ts";
import type { Report } from "../problems.ts";
import { argvSteps, type Step } from "./commands.ts";
import { addAutomataSource } from "./automata-source.ts";
import type { Draft } from "./draft.ts";
import { noteLogLevel, takeListen } from "./listen.ts";
import { globOf, ONE_AT_A_TIME, pullStep, refParam, repositoryGlobs } from "./pull.ts";
import { readKnown } from "./read-known.ts";

const secretShape = { secret: z.unknown().optional() };
/** `repo` and `branch` were meant, not read: its worker asked for them, its settings did not have them. */
const configShape = {
  repodir: z.string().min(1).optional(),
  repo: z.string().min(1).optional(),
  branch: z.string().min(1).optional(),
};
const commands = z
  .array(z.unknown())
  .nullish()
  .transform((list) => list ?? []);
const actionShape = {
  workdir: z.string().min(1).optional(),
  pull: z.boolean().default(true),
  submodules: z.boolean().default(true),
  git_binary: z.string().min(1).optional(),
  pre_commands: commands,
  commands,
  post_commands: commands,
};
const automatonShape = {
  provider: z.string().optional(),
  provider_options: z.strictObject(secretShape).nullish(),
  config: z.strictObject(configShape).nullish(),
  action: z.strictObject(actionShape),
};
const shape = {
  log_level: z.unknown().optional(),
  listen_ip: z.unknown().optional(),
  listen_port: z.unknown().optional(),
  webhook_url_path: z.string().default("/webhook"),
  provider: z.string().default("plain"),
  providers: z.record(z.string(), z.strictObject(secretShape).nullable()).nullish(),
  automata: z.record(z.string(), z.strictObject(automatonShape)),
};
const schema = z.strictObject(shape);
type Settings = z.output<typeof schema>;
type Automaton = Settings["automata"][string];

/** 2021, v0.1.0: a map of automata, each with a URL of its own, and git actions. */
export function fromMap(draft: Draft, data: unknown, report: Report): void {
  const settings = readKnown({ draft, schema, data, report, of: "webhooks_automata" });
  if (settings === null) return;
  noteLogLevel(draft, settings.log_level);
  takeListen(draft, settings.listen_ip, settings.listen_port);
  noteProviders(draft, settings);
  for (const [key, automaton] of Object.entries(settings.automata))
    addAutomaton(draft, settings, { key, automaton });
}

function noteProviders(draft: Draft, { automata, providers, provider }: Settings): void {
  const all = Object.values(automata);
  const used = new Set(all.map((each) => each.provider ?? provider));
  for (const name of Object.keys(providers ?? {}).filter((each) => !used.has(each))) {
    draft.note(`providers.${name}: no automaton uses it; it is left out`);
  }
  if (all.some((each) => each.provider !== undefined)) {
    draft.note(
      "provider: webhooks_automata read it from the top of the file alone; here each automaton's own counts",
    );
  }
  if (all.length > 1 && all.some((each) => Object.keys(each.provider_options ?? {}).length > 0)) {
    draft.note(
      "provider_options: those of one automaton also counted for all after it; here they are its own",
    );
  }
}

interface AutomatonInput {
  readonly key: string;
  readonly automaton: Automaton;
}

function addAutomaton(draft: Draft, settings: Settings, { key, automaton }: AutomatonInput): void {
  const name = draft.name(key);
  const provider = automaton.provider ?? settings.provider;
  const secret = automaton.provider_options?.secret ?? settings.providers?.[provider]?.secret;
  addAutomataSource(draft, {
    name,
    provider,
    secret,
    path: `${settings.webhook_url_path.replace(/\/+$/, "")}/${key}`,
  });
  const { repo, branch } = automaton.config ?? {};
  const isPlain = provider === "plain";
  const steps = isPlain ? plainSteps(draft, name, automaton) : gitSteps(draft, name, automaton);
  const pulls = steps.some((step) => step["git"] !== undefined);
  if (!isPlain && branch === undefined)
    draft.note(`action ${name}: no branch was named, so a push to any starts it; add branch to its rule`);
  if (steps.length === 0) draft.note(`action ${name}: it had no commands`);
  const { workdir } = automaton.action;
  if (workdir === undefined)
    draft.note(`action ${name}: it had no workdir; it works in a folder of its own here`);
  draft.addAction(name, {
    ...(pulls && { params: refParam(branch) }),
    on: [
      {
        source: name,
        ...(!isPlain && { event: "push" }),
        ...(!isPlain && branch !== undefined && { branch: globOf(branch) }),
        ...(!isPlain && repo !== undefined && { repository: repositoryGlobs(repo) }),
        ...(pulls && { with: { ref: "event.commit.sha" } }),
      },
    ],
    concurrency: ONE_AT_A_TIME,
    ...(workdir !== undefined && { workdir: escapeVariables(workdir) }),
    steps: steps.length === 0 ? [{ run: ["true"] }] : steps,
  });
}

/** Plain ran its commands and nothing else. */
function plainSteps(draft: Draft, name: string, { action, config }: Automaton): Step[] {
  const ignored = [
    ...(action.pre_commands.length > 0 ? ["pre_commands"] : []),
    ...(action.post_commands.length > 0 ? ["post_commands"] : []),
    ...Object.keys(config ?? {}),
  ];
  if (ignored.length > 0) draft.note(`action ${name}: plain never looked at ${ignored.join(", ")}; left out`);
  return argvSteps({ draft, name, commands: action.commands });
}

function gitSteps(draft: Draft, name: string, { action, config }: Automaton): Step[] {
  const { repodir } = config ?? {};
  const steps = (list: readonly unknown[]): Step[] => argvSteps({ draft, name, commands: list });
  const after = [...action.commands, ...action.post_commands];
  if (action.pull && repodir === undefined) {
    draft.note(`action ${name}: it was to pull, but has no config.repodir; add a git step`);
  }
  if (action.pull && repodir !== undefined && after.length > 0 && repodir !== action.workdir) {
    draft.note(
      `action ${name}: its commands ran in ${repodir} once that was pulled, not in workdir; here in workdir`,
    );
  }
  const { submodules, git_binary: gitBinary } = action;
  return [
    ...steps(action.pre_commands),
    ...(action.pull && repodir !== undefined
      ? [pullStep({ repodir, submodules, ...(gitBinary !== undefined && { gitBinary }) })]
      : []),
    ...steps(after),
  ];
}
