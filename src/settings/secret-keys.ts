import { existsSync, readFileSync } from "node:fs";
import { AppError } from "../domain/errors.ts";
import { newKey, parseKey } from "../lib/secret-box.ts";
import { replaceFile } from "./replace-file.ts";
import { messageOf } from "../lib/message-of.ts";

/** Holds the key instead of a file; several, comma-separated, while it is changed: the first one encrypts. */
export const KEY_VARIABLE = "HOOKWRIGHT_SECRETS_KEY";

/** The keys of the stored secrets: the first encrypts, every one decrypts. */
export interface SecretKeys {
  /** Empty when there is none yet. */
  all(): readonly Buffer[];
  /** The first one; a file gets one where there is none. */
  current(): Buffer;
  /** Puts a new key first. Throws where the key is the environment's: there somebody else has to. */
  add(): void;
  /** Forgets all but the first. */
  dropOld(): void;
}

export interface SecretKeysOptions {
  readonly keyFile: string;
  readonly env: NodeJS.ProcessEnv;
}

export function createSecretKeys({ keyFile, env }: SecretKeysOptions): SecretKeys {
  const given = env[KEY_VARIABLE] ?? "";
  return given === "" ? inFile(keyFile) : inEnvironment(given);
}

function inEnvironment(given: string): SecretKeys {
  const keys = given.split(",").map((text) => keyOf(text, `the environment's ${KEY_VARIABLE}`));
  return {
    all: () => keys,
    current: () => firstOf(keys, KEY_VARIABLE),
    add: () => {
      if (keys.length > 1) return;
      throw unreadable(
        `The key is in the environment's ${KEY_VARIABLE}: put the new one before it, with a comma between them, and run this again`,
      );
    },
    dropOld: () => undefined,
  };
}

function inFile(file: string): SecretKeys {
  const read = (): string[] => (existsSync(file) ? readLines(file) : []);
  const write = (lines: readonly string[]): void => replaceFile(file, `${lines.join("\n")}\n`);
  const parse = (lines: readonly string[]): Buffer[] => lines.map((line) => keyOf(line, file));
  return {
    all: () => parse(read()),
    current() {
      if (read().length === 0) write([newKey()]);
      return firstOf(parse(read()), file);
    },
    add: () => write([newKey(), ...read()]),
    dropOld: () => write(read().slice(0, 1)),
  };
}

function readLines(file: string): string[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.map((line) => line.trim()).filter((line) => line !== "");
  } catch (error) {
    throw unreadable(`The key of the secrets can't be read: ${messageOf(error)}`);
  }
}

function keyOf(text: string, place: string): Buffer {
  const key = parseKey(text.trim());
  if (key !== null) return key;
  throw unreadable(
    `${place} holds no key: expected base64 of 32 bytes, such as \`openssl rand -base64 32\` gives`,
  );
}

function firstOf(keys: readonly Buffer[], place: string): Buffer {
  const [first] = keys;
  if (first === undefined) throw unreadable(`${place} holds no key`);
  return first;
}

export const unreadable = (message: string): AppError => new AppError("secrets:unreadable", message);
