import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { z, ZodError } from "zod";
import { AppError } from "../../../src/domain/errors.ts";
import { sessionSecret } from "../../../src/http/session-cookie.ts";
import { parseDuration } from "../../../src/lib/duration.ts";
import { checkExpression, compileTemplate, expressionsIn } from "../../../src/lib/expressions.ts";
import { formField } from "../../../src/lib/form-body.ts";
import { isCommitId, isRefName, repositoryProblem } from "../../../src/lib/git/names.ts";
import { parseAnswer, UnreadableAnswer } from "../../../src/lib/hook-history.ts";
import { parseJsonBody } from "../../../src/lib/json-body.ts";
import { checkPattern, compilePattern } from "../../../src/lib/linear-pattern.ts";
import { createLineSplitter } from "../../../src/lib/lines.ts";
import { createNetworks, isNetwork } from "../../../src/lib/networks.ts";
import { parseProgress } from "../../../src/lib/progress-line.ts";
import { parseKey, unseal } from "../../../src/lib/secret-box.ts";
import { TarballError } from "../../../src/lib/tarball/names.ts";
import { unpackTarball } from "../../../src/lib/tarball/unpack.ts";
import { TARBALL_LIMITS } from "../../../src/lib/tarball/bounds.ts";
import { reportsTo } from "../../../src/lib/travis-yml.ts";
import { readExact, readSmee } from "../../../src/relay/formats.ts";
import { importFoundries } from "../../../src/settings/import/foundries.ts";
import { importWebhook } from "../../../src/settings/import/webhook.ts";
import { importWebhooksAutomata } from "../../../src/settings/import/webhooks-automata.ts";
import { parseSettings } from "../../../src/settings/load.ts";
import { parseSize } from "../../../src/settings/units.ts";
import { checkGlob, globTest } from "../../../src/triggers/globs.ts";

/** Reads what comes from outside. May throw what `refuses` knows, and nothing else. */
export interface Parser {
  readonly parse: (input: Buffer) => unknown;
  /** What it refuses an input with. Default: nothing, it has an answer for all. */
  readonly refuses?: (error: unknown) => boolean;
}

const isAppError = (error: unknown): boolean => error instanceof AppError;
const isMalformed = (error: unknown): boolean => error instanceof SyntaxError || error instanceof ZodError;
const text = (input: Buffer): string => input.toString("utf8");

/** By the name of their folder in `corpus/`. Sources and the wire are fuzzed whole: see ../run.ts. */
export const PARSERS: Readonly<Record<string, Parser>> = {
  settings: {
    parse: (input) =>
      parseSettings({ text: text(input), file: null, dir: "/nowhere", env: { A: "a-value" } }),
    refuses: isAppError,
  },
  "import-webhook": { parse: (input) => importWebhook(text(input)), refuses: isAppError },
  "import-automata": { parse: (input) => importWebhooksAutomata(text(input)), refuses: isAppError },
  "import-foundries": { parse: (input) => importFoundries(text(input)), refuses: isAppError },
  "travis-yml": { parse: (input) => reportsTo(text(input), "hooks.example.com") },
  "json-body": {
    parse: (body) => [
      parseJsonBody({ body, contentType: "application/json" }),
      parseJsonBody({ body, contentType: "application/x-www-form-urlencoded" }),
    ],
  },
  form: { parse: (body) => formField(body, "payload") },
  expression: {
    parse: (input) => checkExpression(text(input)),
  },
  template: {
    parse: (input) => [expressionsIn(text(input)), compileTemplate(text(input))({ params: {}, event: {} })],
    // An expression that fails says so in a sentence.
    refuses: (error) =>
      error instanceof Error && !(error instanceof TypeError || error instanceof RangeError),
  },
  glob: { parse: (input) => (checkGlob(text(input)) === null ? globTest([text(input)]) : null) },
  pattern: {
    parse: (input) =>
      checkPattern(text(input)) === null ? compilePattern(text(input)).finds("some text") : null,
  },
  duration: { parse: (input) => [parseDuration(text(input)), parseSize(text(input))] },
  network: {
    parse: (input) => (isNetwork(text(input)) ? createNetworks([text(input)]).has("10.0.0.1") : null),
  },
  "git-name": {
    parse: (input) => [isCommitId(text(input)), isRefName(text(input)), repositoryProblem(text(input))],
  },
  progress: { parse: (input) => parseProgress(text(input)) },
  "secret-box": {
    parse: (input) => [parseKey(text(input)), unseal([Buffer.alloc(32, 1)], "name", text(input))],
  },
  cookie: { parse: (input) => sessionSecret({ cookie: text(input) }) },
  "relay-event": { parse: (input) => readExact(text(input)), refuses: isMalformed },
  "smee-event": { parse: (input) => readSmee(text(input), "1"), refuses: isMalformed },
  "sender-answer": {
    parse: (input) => parseAnswer("GitHub", z.array(z.object({ id: z.number() })), text(input)),
    refuses: (error) => error instanceof UnreadableAnswer || error instanceof ZodError,
  },
  lines: {
    parse(input) {
      const lines: string[] = [];
      const splitter = createLineSplitter({ onLine: (line) => lines.push(line) });
      for (let at = 0; at < input.length; at += 7) splitter.push(input.subarray(at, at + 7));
      splitter.end();
      return lines;
    },
  },
  tarball: {
    async parse(input) {
      const dir = await mkdtemp(join(tmpdir(), "hookwright-fuzz-tar-"));
      try {
        return await unpackTarball({
          archive: Readable.from([input]),
          into: join(dir, "out"),
          limits: { ...TARBALL_LIMITS, maxBytes: 1_000_000, maxArchiveBytes: 1_000_000 },
          signal: new AbortController().signal,
        });
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    refuses: (error) => error instanceof TarballError,
  },
};
