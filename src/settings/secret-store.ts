import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { seal, unseal } from "../lib/secret-box.ts";
import { isObject } from "./check-value.ts";
import { readDocument } from "./document.ts";
import { NAME_PATTERN } from "./fields.ts";
import { replaceFile } from "./replace-file.ts";
import { messageOf } from "../lib/message-of.ts";
import { createSecretKeys, type SecretKeys, unreadable } from "./secret-keys.ts";

/** Secrets by name, in a file that only the key opens (AES-256-GCM). Functions throw `secrets:unreadable`. */
export interface SecretStore {
  /** Null when there is none of that name. */
  read(name: string): string | null;
  list(): readonly StoredSecret[];
  set(name: string, value: string): Promise<void>;
  /** Rejects `secrets:not_found`. */
  remove(name: string): Promise<void>;
  /** Encrypts all of them with a new key. Resolves with how many there are. `keepOld`: others need the old one for a while. */
  rotateKey(options?: { readonly keepOld: boolean }): Promise<number>;
  readonly keys: SecretKeys;
}

/** What is shown of a secret. */
export interface StoredSecret {
  readonly name: string;
  readonly updatedAt: string;
}

export interface SecretPlace {
  readonly file: string;
  readonly keyFile: string;
}

const DEFAULT_FILE = "./secrets.enc";

/** Where a settings text keeps its secrets; what else is wrong with the text does not matter here. */
export function secretPlaceOf(text: string, dir: string): SecretPlace {
  const { document } = readDocument(text);
  const data: unknown = document?.data;
  const part = isObject(data) && isObject(data["secrets"]) ? data["secrets"] : {};
  return secretPlace(part, dir);
}

export function secretPlace(part: Readonly<Record<string, unknown>>, dir: string): SecretPlace {
  const file = resolve(dir, typeof part["file"] === "string" ? part["file"] : DEFAULT_FILE);
  const keyFile = typeof part["key_file"] === "string" ? resolve(dir, part["key_file"]) : keyBeside(file);
  return { file, keyFile };
}

const keyBeside = (file: string): string => `${file.replace(/\.enc$/, "")}.key`;

const stored = z.strictObject({
  version: z.literal(1),
  secrets: z.record(z.string(), z.strictObject({ sealed: z.string(), updated_at: z.string() })),
});
type Stored = z.output<typeof stored>;

export interface SecretStoreOptions extends SecretPlace {
  readonly env: NodeJS.ProcessEnv;
}

export function openSecretStore({ file, keyFile, env }: SecretStoreOptions): SecretStore {
  const keys = createSecretKeys({ keyFile, env });

  function load(): Stored["secrets"] {
    if (!existsSync(file)) return {};
    try {
      return stored.parse(JSON.parse(readFileSync(file, "utf8"))).secrets;
    } catch (error) {
      const reason = error instanceof z.ZodError ? "it is no file of secrets" : messageOf(error);
      throw unreadable(`${file} can't be read: ${reason}`);
    }
  }

  const save = (secrets: Stored["secrets"]): void =>
    replaceFile(file, `${JSON.stringify({ version: 1, secrets } satisfies Stored, null, 2)}\n`);

  function open(name: string, sealed: string): string {
    const value = unseal(keys.all(), name, sealed);
    if (value !== null) return value;
    throw unreadable(`The key (${keyFile}) does not open the secret ${name}: it is another one's`);
  }

  return {
    read(name) {
      const entry = load()[name];
      return entry === undefined ? null : open(name, entry.sealed);
    },
    list: () =>
      Object.entries(load())
        .map(([name, { updated_at: updatedAt }]) => ({ name, updatedAt }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    set: (name, value) =>
      locked(file, () => {
        checkName(name);
        if (value === "") throw new AppError("request:invalid", "The secret is empty");
        const secrets = load();
        // With a key that opens none of the others this would be a store in two halves.
        for (const [other, { sealed }] of Object.entries(secrets)) if (other !== name) open(other, sealed);
        const entry = { sealed: seal(keys.current(), name, value), updated_at: new Date().toISOString() };
        save({ ...secrets, [name]: entry });
      }),
    remove: (name) =>
      locked(file, () => {
        const { [name]: found, ...rest } = load();
        if (found === undefined) throw new AppError("secrets:not_found", `There is no secret ${name}`);
        save(rest);
      }),
    keys,
    rotateKey: ({ keepOld } = { keepOld: false }) =>
      locked(file, () => {
        const values = Object.entries(load()).map(([name, entry]) => ({
          name,
          ...entry,
          value: open(name, entry.sealed),
        }));
        // Both keys are there until the secrets are written: a crash in between locks nobody out.
        keys.add();
        const key = keys.current();
        save(
          Object.fromEntries(
            values.map(({ name, value, updated_at }) => [
              name,
              { sealed: seal(key, name, value), updated_at },
            ]),
          ),
        );
        if (!keepOld) keys.dropOld();
        return values.length;
      }),
  };
}

function checkName(name: string): void {
  if (NAME_PATTERN.test(name) && name !== "__proto__") return;
  throw new AppError(
    "request:invalid",
    `${name} is no name for a secret: expected letters, digits, \`.\`, \`_\` and \`-\`, at most 64`,
  );
}

const TRIES = 100;
const PAUSE_MS = 50;

/** One writer at a time: two would each forget what the other wrote. */
async function locked<T>(file: string, work: () => T): Promise<T> {
  const lock = `${file}.lock`;
  for (let left = TRIES; !take(lock); left -= 1) {
    if (left === 0) throw unreadable(`Another command is changing ${file}; if none runs, remove ${lock}`);
    await delay(PAUSE_MS);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
    closeSync(openSync(lock, "wx", 0o600));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw unreadable(`${lock} can't be made: ${messageOf(error)}`);
  }
}
