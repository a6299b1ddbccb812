import { z } from "zod";
import { escapeVariables } from "../environment-values.ts";
import type { Report } from "../problems.ts";
import { argvSteps } from "./commands.ts";
import { addAutomataSource } from "./automata-source.ts";
import type { Draft } from "./draft.ts";
import { noteLogLevel, takeListen } from "./listen.ts";
import { globOf, ONE_AT_A_TIME, pullStep, refParam, repositoryGlobs } from "./pull.ts";
import { readKnown } from "./read-known.ts";

const providerShape = { name: z.string(), secret: z.unknown().optional() };
const entryShape = {
  repo: z.string().min(1).optional(),
  branch: z.string().min(1).default("master"),
  repodir: z.string().min(1),
  workdir: z.string().min(1),
  submodules: z.boolean().default(true),
  commands: z.array(z.unknown()),
};
const shape = {
  log_level: z.unknown().optional(),
  listen_ip: z.unknown().optional(),
  listen_port: z.unknown().optional(),
  webhook_url_path: z.unknown().optional(),
  provider: z.union([z.string(), z.strictObject(providerShape)]).default("plain"),
  repositories: z.record(z.string(), z.strictObject(entryShape)),
};
const schema = z.strictObject(shape);
type Entry = z.output<typeof schema>["repositories"][string];

/** 2018, webhooks_git_automata 0.0.3: one URL for all repositories, each told by its name and branch. */
export function fromRepositories(draft: Draft, data: unknown, report: Report): void {
  const settings = readKnown({ draft, schema, data, report, of: "webhooks_automata" });
  if (settings === null) return;
  noteLogLevel(draft, settings.log_level);
  takeListen(draft, settings.listen_ip, settings.listen_port);
  const { webhook_url_path: path = PATH } = settings;
  if (path !== PATH) draft.note(`webhook_url_path: it was never looked at; the path stays ${PATH}`);
  addSource(draft, settings.provider);
  for (const [key, entry] of Object.entries(settings.repositories)) addEntry(draft, { key, entry });
}

const SOURCE = "webhook";
const PATH = "/webhook";
/** A plain body had to have GitHub's form, too: the worker read ref and repository. */
const PLAIN_FIELDS = {
  name: "'push'",
  ref: "payload.ref",
  repository: "payload.repository.name",
  commit: "payload.after",
};

function addSource(draft: Draft, given: z.output<typeof schema>["provider"]): void {
  const provider = typeof given === "string" ? given : given.name;
  const secret = typeof given === "string" ? undefined : given.secret;
  addAutomataSource(draft, {
    name: SOURCE,
    provider,
    secret,
    path: PATH,
    ...(provider === "plain" && { rest: { fields: PLAIN_FIELDS } }),
  });
}

interface EntryInput {
  readonly key: string;
  readonly entry: Entry;
}

function addEntry(draft: Draft, { key, entry }: EntryInput): void {
  const name = draft.name(key);
  const { repo = key, branch, repodir, submodules, commands } = entry;
  if (repo === "")
    draft.note(`action ${name}: no repository has an empty name, so no push starts it; name one`);
  const rule = {
    source: SOURCE,
    event: "push",
    repository: repositoryGlobs(repo),
    branch: globOf(branch),
    with: { ref: "event.commit.sha" },
  };
  draft.addAction(name, {
    params: refParam(branch),
    on: repo === "" ? [] : [rule],
    concurrency: ONE_AT_A_TIME,
    workdir: escapeVariables(entry.workdir),
    steps: [pullStep({ repodir, submodules }), ...argvSteps({ draft, name, commands })],
  });
}
