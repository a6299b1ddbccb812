import { parse, stringify } from "yaml";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";

export interface Imported {
  /** A text for `hookwright.yaml`. */
  readonly yaml: string;
  /** What could not be carried over as it was, and what to look at, each a sentence. */
  readonly notes: readonly string[];
}

const argv = z.array(z.union([z.string(), z.number()]).transform(String)).min(1);
const secretOf = z.looseObject({ secret: z.string().optional() });

/** 2021, v0.1.0: `automata` as a map, git actions, `providers` with the secrets. */
const v01 = z.looseObject({
  webhook_url_path: z.string().default("/webhook"),
  listen_ip: z.string().default("127.0.0.1"),
  listen_port: z.number().default(5000),
  provider: z.string().default("plain"),
  providers: z.record(z.string(), secretOf.nullable()).default({}),
  automata: z.record(
    z.string(),
    z.looseObject({
      provider: z.string().optional(),
      provider_options: secretOf.default({}),
      config: z
        .looseObject({
          repodir: z.string().optional(),
          branch: z.string().optional(),
          repo: z.string().optional(),
        })
        .default({}),
      action: z.looseObject({
        workdir: z.string().optional(),
        pull: z.boolean().default(true),
        submodules: z.boolean().default(true),
        git_binary: z.string().default("/usr/bin/git"),
        pre_commands: z.array(argv).default([]),
        commands: z.array(argv).default([]),
        post_commands: z.array(argv).default([]),
      }),
    }),
  ),
});

/** 2018, webhooks_git_automata 0.0.3: `repositories`. */
const v00 = z.looseObject({
  listen_ip: z.string().default("127.0.0.1"),
  listen_port: z.number().default(5000),
  provider: z
    .union([z.string(), z.looseObject({ name: z.string(), secret: z.string().optional() })])
    .default("plain"),
  repositories: z.record(
    z.string(),
    z.looseObject({
      repo: z.string().optional(),
      branch: z.string().default("master"),
      repodir: z.string(),
      workdir: z.string().optional(),
      submodules: z.boolean().default(true),
      commands: z.array(argv).default([]),
    }),
  ),
});

/** 2023, v0.3.0: `automata` as a list of endpoints. */
const v03 = z.looseObject({
  automata: z.array(
    z.looseObject({
      endpoint: z.looseObject({
        suffix: z.string(),
        provider: z.enum(["plain", "github", "gitlab"]).default("plain"),
        secret_token: z.string().optional(),
      }),
      action: z.looseObject({
        type: z.enum(["commands", "script", "callable"]).default("commands"),
        commands: z.array(z.union([z.string(), argv])).default([]),
        env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
        stop_on_error: z.boolean().default(true),
      }),
    }),
  ),
});

interface Draft {
  readonly server: { readonly listen: string };
  readonly sources: Record<string, unknown>;
  readonly actions: Record<string, unknown>;
  readonly notes: string[];
}

/** Converts a settings file of webhooks_automata, of any of its three generations. Throws `settings:invalid`. */
export function importWebhooksAutomata(text: string): Imported {
  const data = readYaml(text);
  const draft =
    z.looseObject({ repositories: z.unknown() }).safeParse(data).data?.repositories !== undefined
      ? fromRepositories(check(v00, data))
      : isList(data)
        ? fromEndpoints(check(v03, data))
        : fromAutomata(check(v01, data));
  const { notes, ...settings } = draft;
  const head = [
    "# Converted from webhooks_automata.",
    ...notes.map((note) => `# Look at this: ${note}`),
  ].join("\n");
  return { yaml: `${head}\n${stringify(settings, { lineWidth: 110 })}`, notes };
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new AppError(
      "settings:invalid",
      `The file is not YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const isList = (data: unknown): boolean =>
  z.looseObject({ automata: z.array(z.unknown()) }).safeParse(data).success;

function check<T>(schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new AppError(
    "settings:invalid",
    `This is no settings file of webhooks_automata:\n${issues.join("\n")}`,
  );
}

const nameOf = (name: string): string =>
  name.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "entry";

/** One of its providers as a source. `plain` checked nothing: then it has to be said. */
function sourceFor(
  name: string,
  { provider, secret, path }: { provider: string; secret: string | undefined; path: string },
  notes: string[],
): Record<string, unknown> {
  if (provider === "plain") {
    notes.push(
      `source ${name}: its provider was plain, so anybody could use it; give it a secret, or keep unsafe_no_auth`,
    );
    return { kind: "generic", path, unsafe_no_auth: true };
  }
  if (secret === undefined)
    notes.push(
      `source ${name}: the file had no secret for ${provider}; put one into SECRET_${envName(name)}`,
    );
  const secrets = [secret ?? `\${SECRET_${envName(name)}}`];
  if (provider === "gogs") {
    notes.push(`source ${name}: newer Gogs no longer sends body secrets; with it remove body_secret`);
    return { kind: "gogs", path, secrets, body_secret: true };
  }
  return { kind: provider, path, secrets };
}

const envName = (name: string): string => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");

const SHA = { pattern: "[0-9a-f]{40}" };

function fromAutomata(data: z.output<typeof v01>): Draft {
  const draft: Draft = {
    server: { listen: `${data.listen_ip}:${data.listen_port}` },
    sources: {},
    actions: {},
    notes: [],
  };
  for (const [key, automaton] of Object.entries(data.automata)) {
    const name = nameOf(key);
    const { action, config } = automaton;
    const provider = automaton.provider ?? data.provider;
    const secret = automaton.provider_options.secret ?? data.providers[provider]?.secret;
    const path = `${data.webhook_url_path.replace(/\/+$/, "")}/${key}`;
    draft.sources[name] = sourceFor(name, { provider, secret, path }, draft.notes);
    const run = (argvs: readonly string[][]): unknown[] => argvs.map((command) => ({ run: command }));
    const pulls = action.pull && provider !== "plain" && config.repodir !== undefined;
    const git = {
      dir: config.repodir,
      ref: "${{ params.branch }}",
      submodules: action.submodules,
      git_binary: action.git_binary,
    };
    const branch = config.branch === undefined ? {} : { branch: config.branch };
    const repository = config.repo === undefined ? {} : { repository: `**/${config.repo}` };
    draft.actions[name] = {
      ...(pulls && { params: { branch: {} } }),
      on: [
        {
          source: name,
          ...(provider !== "plain" && { event: "push" }),
          ...branch,
          ...repository,
          ...(pulls && { with: { branch: "event.branch" } }),
        },
      ],
      concurrency: { group: "automata" },
      ...(action.workdir !== undefined && { workdir: action.workdir }),
      steps: [
        ...run(action.pre_commands),
        ...(pulls ? [{ workdir: config.repodir, git: withoutDir(git) }] : []),
        ...run(action.commands),
        ...run(action.post_commands),
      ],
    };
    keepSteps(draft, name);
  }
  return draft;
}

const withoutDir = ({ dir: _dir, ...git }: Record<string, unknown>): Record<string, unknown> => git;

/** An automaton without commands did nothing; an action must do something. */
function keepSteps({ actions, notes }: Draft, name: string): void {
  const action = z.looseObject({ steps: z.array(z.unknown()) }).parse(actions[name]);
  if (action.steps.length > 0) return;
  notes.push(`action ${name}: it had no commands`);
  actions[name] = { ...action, steps: [{ run: ["true"] }] };
}

function fromRepositories(data: z.output<typeof v00>): Draft {
  const draft: Draft = {
    server: { listen: `${data.listen_ip}:${data.listen_port}` },
    sources: {},
    actions: {},
    notes: [],
  };
  const given =
    typeof data.provider === "string" ? { name: data.provider, secret: undefined } : data.provider;
  draft.sources["webhook"] = sourceFor(
    "webhook",
    { provider: given.name, secret: given.secret, path: "/webhook" },
    draft.notes,
  );
  const plain = given.name === "plain";
  if (plain)
    draft.notes.push(
      "with the provider plain the body had to name repository and branch; the fields below read them",
    );
  if (plain) {
    draft.sources["webhook"] = {
      ...z.looseObject({}).parse(draft.sources["webhook"]),
      fields: {
        name: "'push'",
        ref: "payload.ref",
        repository: "payload.repository.name",
        commit: "payload.after",
      },
    };
  }
  for (const [key, entry] of Object.entries(data.repositories)) {
    const name = nameOf(key);
    const repository = entry.repo ?? key;
    draft.actions[name] = {
      params: { sha: SHA },
      on: [
        {
          source: "webhook",
          event: "push",
          repository: [repository, `*/${repository}`],
          branch: entry.branch,
          with: { sha: "event.commit.sha" },
        },
      ],
      concurrency: { group: "automata" },
      ...(entry.workdir !== undefined && { workdir: entry.workdir }),
      steps: [
        { workdir: entry.repodir, git: { ref: "${{ params.sha }}", submodules: entry.submodules } },
        ...entry.commands.map((command) => ({ run: command })),
      ],
    };
  }
  return draft;
}

function fromEndpoints(data: z.output<typeof v03>): Draft {
  const draft: Draft = { server: { listen: "127.0.0.1:8000" }, sources: {}, actions: {}, notes: [] };
  for (const { endpoint, action } of data.automata) {
    const name = nameOf(endpoint.suffix);
    const { provider, secret_token: secret } = endpoint;
    draft.sources[name] = sourceFor(
      name,
      { provider, secret, path: `/${endpoint.suffix.replace(/^\/+/, "")}` },
      draft.notes,
    );
    if (action.type !== "commands")
      draft.notes.push(`action ${name}: its type was ${action.type}, which did nothing there`);
    draft.actions[name] = {
      on: [{ source: name }],
      ...(Object.keys(action.env).length > 0 && { env: action.env }),
      steps: action.commands.map((command) => ({
        run: typeof command === "string" ? splitWords(command, name, draft.notes) : command,
        ...(!action.stop_on_error && { continue_on_error: true }),
      })),
    };
    keepSteps(draft, name);
  }
  return draft;
}

/** A command line became an argv by Python's shlex; quotes are kept together here too. */
function splitWords(line: string, name: string, notes: string[]): string[] {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
  if (/["'\\]/.test(line))
    notes.push(`action ${name}: look whether the quotes of \`${line}\` came over as meant`);
  return words.length === 0 ? ["true"] : words;
}
