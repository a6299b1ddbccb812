import type { SecretInput } from "./fields.ts";
import type { KeyPath } from "./problems.ts";

/** The three keys by which the settings name secrets; all of them count. */
export interface SecretKeys {
  readonly secret?: SecretInput | undefined;
  readonly secrets?: readonly SecretInput[] | undefined;
  readonly secret_name?: readonly string[] | undefined;
}

/** Reads every one of them by `readOne`, which gets its place; null for those that could not be read. */
export function readSecrets(
  { secret, secrets = [], secret_name: names = [] }: SecretKeys,
  path: KeyPath,
  readOne: (value: SecretInput, path: KeyPath) => string | null,
): readonly (string | null)[] {
  return [
    ...(secret === undefined ? [] : [readOne(secret, [...path, "secret"])]),
    ...secrets.map((each, index) => readOne(each, [...path, "secrets", index])),
    ...names.map((secretName) => readOne({ secretName }, [...path, "secret_name"])),
  ];
}
