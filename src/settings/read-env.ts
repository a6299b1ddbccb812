import { expandText, variablesIn } from "./environment-values.ts";
import type { EnvironmentInput } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** Names whose values are taken for secrets: masked in logs. */
const SECRET_NAME = /TOKEN|SECRET|PASS|KEY|CREDENTIAL|AUTH|DATABASE_URL|DSN/i;

/** Environment variables of commands: `${ENV}` read, files read, all as text. `${{ }}` stays for later. */
export function readEnv(reading: Reading, env: EnvironmentInput, path: KeyPath): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const at = [...path, name];
    if (typeof value === "object") values[name] = reading.secrets.read(value, at) ?? "";
    else if (typeof value === "string") values[name] = readText(reading, { name, text: value, path: at });
    else values[name] = String(value);
  }
  return values;
}

interface TextEntry {
  readonly name: string;
  readonly text: string;
  readonly path: KeyPath;
}

function readText(reading: Reading, { name, text, path }: TextEntry): string {
  const { report } = reading.findings;
  const value = expandText(text, { path, env: reading.env, report });
  const fromEnvironment = variablesIn(text).length > 0;
  if (fromEnvironment && [name, ...variablesIn(text)].some((each) => SECRET_NAME.test(each))) {
    reading.secrets.remember(value);
  }
  return value;
}
