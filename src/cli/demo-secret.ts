import { parse } from "yaml";
import { z } from "zod";
import type { Settings } from "../settings/settings.ts";
import { CliError, EXIT } from "./exit-codes.ts";

const demoSettings = z.looseObject({
  sources: z.looseObject({ demo: z.looseObject({ secrets: z.tuple([z.string().min(1)], z.unknown()) }) }),
});

/** The demo source's first secret, from the settings text: a bound source does not give its secrets away. */
export async function demoSecret({ text }: Pick<Settings, "text">): Promise<string> {
  const parsed = demoSettings.safeParse(parse(text));
  if (!parsed.success) throw new CliError(EXIT.usage, "The settings' demo source has no secret of its own");
  return parsed.data.sources.demo.secrets[0];
}
