import { literal } from "./environment-values.ts";
import type { EnvironmentInput } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { soundsSecret } from "./secrets.ts";

/** Environment variables of commands: `${ENV}` replaced, files read, all as text. `${{ }}` stays for later. */
export function readEnv(reading: Reading, env: EnvironmentInput, path: KeyPath): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    values[name] = readValue(reading, { name, value, path: [...path, name] });
  }
  return values;
}

interface ValueEntry {
  readonly name: string;
  readonly value: EnvironmentInput[string];
  readonly path: KeyPath;
}

function readValue(reading: Reading, { name, value, path }: ValueEntry): string {
  const { secrets } = reading;
  if (typeof value === "object") return literal(secrets.read(value, path) ?? "");
  if (typeof value !== "string") return String(value);
  const isTemplate = value.includes("${{");
  const text = String(reading.expandTemplates(value, path));
  if (soundsSecret(name) && !isTemplate) secrets.suspect(String(reading.expand(value, path)));
  return text;
}
