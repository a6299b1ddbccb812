import { parse } from "yaml";
import { z } from "zod";
import type { Imported } from "../../../src/settings/import/imported.ts";
import { importWebhook } from "../../../src/settings/import/webhook.ts";
import { importWebhooksAutomata } from "../../../src/settings/import/webhooks-automata.ts";
import { parseSettings } from "../../../src/settings/load.ts";
import type { Settings } from "../../../src/settings/settings.ts";

const parts = z.object({
  server: z.object({ listen: z.string().optional() }),
  sources: z.record(z.string(), z.record(z.string(), z.unknown())),
  actions: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export interface Result extends z.output<typeof parts> {
  readonly notes: readonly string[];
  readonly yaml: string;
  /** The same as the server reads it. */
  readonly settings: Settings;
}

/** Converts a text; what comes out has to be valid settings. */
export const imported = (text: string): Result => checked(importWebhooksAutomata(text));

/** The same for hooks of adnanh/webhook. */
export const importedHooks = (hooks: unknown): Result =>
  checked(importWebhook(typeof hooks === "string" ? hooks : JSON.stringify(hooks)));

function checked({ yaml, notes }: Imported): Result {
  const settings = parseSettings({ text: yaml, file: null, dir: "/srv/hookwright", env: {} });
  return { ...parts.parse(parse(yaml)), notes, yaml, settings };
}

export const SECRET = "s3cr3t-0123456789abcdef";
